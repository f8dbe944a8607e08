"""What kind of error a text tells of: a table of patterns, first match wins.

Three passes over type and message: patterns that say precisely what happened, then an HTTP status, then words that are
less sure. A text that nothing matches is `UNKNOWN`; nothing is guessed from its length or language.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop

# Stack traces name the error at their beginning (Java, Node) or end (Python): so much of both is read.
MAX_READ = 2_000


class ErrorKind(StrEnum):
    """What happened; the value is how it is said."""

    CANCELLED = gettext_noop("cancelled")
    OUT_OF_MEMORY = gettext_noop("out of memory")
    DISK_FULL = gettext_noop("disk or file limit reached")
    WORKER_LOST = gettext_noop("worker lost")
    LOOP_LIMIT = gettext_noop("step limit reached")
    CONTEXT_LENGTH = gettext_noop("input too long for the model")
    CONTENT = gettext_noop("content refused")
    TOOL_ARGUMENTS = gettext_noop("wrong tool arguments")
    QUOTA = gettext_noop("quota used up")
    RATE_LIMIT = gettext_noop("rate limit")
    AUTH = gettext_noop("access refused")
    TIMEOUT = gettext_noop("timeout")
    CONNECTION = gettext_noop("connection failed")
    DATABASE = gettext_noop("database conflict or limit")
    SERVER_ERROR = gettext_noop("server error")
    SCHEMA = gettext_noop("schema or validation error")
    CODE = gettext_noop("error in code or expression")
    CONFIGURATION = gettext_noop("configuration missing")
    NOT_FOUND = gettext_noop("not found")
    BAD_REQUEST = gettext_noop("request refused")
    ASSERTION = gettext_noop("check failed")
    RULE = gettext_noop("refused by a rule")
    EXIT_CODE = gettext_noop("ended with an exit code")
    UNKNOWN = gettext_noop("unknown error")

    @property
    def words(self) -> str:
        """The value in the reader's language."""
        return _(self.value)


@dataclass(frozen=True, slots=True)
class Classified:
    """The kind of an error and the part of its text that says so (the HTTP status, or nothing when unknown)."""

    kind: ErrorKind
    matched: str


PRECISE: tuple[tuple[ErrorKind, str], ...] = (
    (
        ErrorKind.OUT_OF_MEMORY,
        r"out[- ]of[- ]memory|OutOfMemory|\bMemoryError\b|heap limit|\bOOM ?killed|\bOOMKilled\b|"
        r"cannot allocate memory|\bENOMEM\b|exit(?:ed)?(?: with)?(?: return)?(?: code| status)?:? 137\b|"
        r"Negsignal\.SIGKILL|allocation failed - JavaScript|GC overhead limit",
    ),
    (
        ErrorKind.DISK_FULL,
        r"no space left on device|\bENOSPC\b|disk (?:is )?full|disk quota exceeded|\bEMFILE\b|too many open files|"
        r"could not extend file|database or disk is full",
    ),
    (
        ErrorKind.WORKER_LOST,
        r"WorkerLostError|lost communication with the server|received a shutdown signal|zombie (?:job|task)|"
        r"pod (?:was )?evicted|node was low on resource|spot (?:instance )?interruption|BrokenProcessPool|"
        r"host was shut ?down|preempted|NodeNotReady|"
        r"worker (?:process )?(?:died|exited unexpectedly|terminated unexpectedly)|BackoffLimitExceeded|"
        r"Negsignal\.SIGTERM",
    ),
    (
        ErrorKind.LOOP_LIMIT,
        r"recursion limit|GRAPH_RECURSION_LIMIT|GraphRecursionError|RecursionError|maximum call stack|"
        r"StackOverflow|max(?:imum)?(?: number of)?[_ ](?:iterations?|turns|steps|rounds)|iteration limit|"
        r"MaxTurnsExceeded",
    ),
    (
        ErrorKind.CONTEXT_LENGTH,
        r"context[_ ](?:length|window)|maximum context|prompt is too long|too many (?:input )?tokens|"
        r"input (?:is )?too long|token limit|length limit was reached|input token count|max_tokens|"
        r"reduce the length",
    ),
    (
        ErrorKind.CONTENT,
        r"content[_ ](?:policy|filter|management)|ContentFilter|safety (?:system|settings|filter)|flagged|"
        r"refus(?:al|ed to answer)|prohibited_content|blocked by .{0,40}(?:safety|guardrail)|guardrail|"
        r"""finish_reason:? ?['\"]?SAFETY""",
    ),
    (
        ErrorKind.TOOL_ARGUMENTS,
        r"error invoking tool|invalid (?:tool|function)[_ ](?:call|argument|input|parameter)|"
        r"(?:tool|function)[_ ](?:call )?arguments|did not match (?:the )?expected schema|ToolInputParsing|"
        r"not a valid tool|tool .{0,60}(?:not found|does not exist|is not registered)|unknown tool|ToolException|"
        r"InvalidToolArguments|ToolInputError",
    ),
    (
        ErrorKind.QUOTA,
        r"insufficient[_ ]quota|exceeded your current quota|quota (?:has been )?exceeded|credit balance|"
        r"payment required|billing (?:hard )?limit|insufficient credits|out of credits|spending limit|usage limit|"
        r"QuotaExceeded",
    ),
    (
        ErrorKind.RATE_LIMIT,
        r"rate[-_ ]?limit|too many requests|throttl|TooManyRequests|slow ?down|requests per (?:minute|second|day)|"
        r"RESOURCE_EXHAUSTED|receiving too many requests",
    ),
    (
        ErrorKind.DATABASE,
        r"deadlock|too many (?:clients|connections)|could not serialize|serialization failure|"
        r"remaining connection slots|lock (?:wait )?timeout|database is locked|lock not available|QueuePool limit|"
        r"Connection is not available|PoolTimeout|could not obtain lock|SQLTransientConnection|"
        r"connection pool (?:is )?(?:exhausted|timeout)",
    ),
    (
        ErrorKind.SCHEMA,
        r"violates (?:not-null|unique|check|foreign key|exclusion) constraint|IntegrityError|duplicate key|"
        r"invalid input syntax|value too long for type|ValidationError|validation (?:error|failed)|"
        r"JSONDecodeError|OutputParser|could not parse|failed to parse|unable to parse|ParseError|parsing failed|"
        r"not valid JSON|invalid JSON|malformed|in JSON at position|Unexpected (?:token|end of JSON)|JsonMapping|"
        r"JsonParse|MismatchedInput|unrecognized field|missing required|required (?:property|field|parameter)|"
        r"field required|is a required|schema|doesn'?t fit required format|unexpected format|UnicodeDecodeError|"
        r"does not match (?:the )?(?:type|pattern|format)|Unprocessable|invalid type for|ZodError|invalid_type|"
        r"expected .{1,40}(?:but got|, got|received)|must be (?:a |an |of type)",
    ),
    (
        ErrorKind.CANCELLED,
        r"operation was cancell?ed|CancelledError|CanceledError|\bcancell?ed by\b|AbortError|KeyboardInterrupt|"
        r"user aborted|request was aborted|cancell?ed (?:manually|because)|context cancell?ed|canceling since",
    ),
    (
        ErrorKind.TIMEOUT,
        r"time[d]?[-_ ]?out|deadline[_ ]?exceeded|ETIMEDOUT|exceeded the maximum execution time|took too long|"
        r"exceeded .{0,30}time limit|statement timeout|time limit (?:was )?exceeded|TimeLimitExceeded",
    ),
    (
        ErrorKind.AUTH,
        r"unauthori[sz]ed|forbidden|permission[_ ]denied|access[_ ]denied|"
        r"authenticat(?:ion|e) (?:failed|error|required)|AuthenticationError|PermissionDenied|AccessDenied|"
        r"invalid (?:api[_ ]?key|token|credentials?|grant|client)|incorrect api key|not accessible by integration|"
        r"authorization failed|expired (?:token|credentials?)|token (?:has |is )?expired|\bEACCES\b|\bEPERM\b|"
        r"insufficient (?:permissions?|scopes?|privileges?)|not authori[sz]ed|invalid_grant|PermissionError|"
        r"missing (?:api[_ ]?key|credentials)",
    ),
    (
        ErrorKind.CONNECTION,
        r"\b(?:ECONN(?:REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE)\b|"
        r"socket hang up|fetch failed|"
        r"connection (?:error|refused|reset|aborted|closed|failed|lost|terminated"
        r"|was (?:aborted|closed|reset|refused)|to .{1,80} (?:failed|refused))|"
        r"ConnectionError|ConnectError|ConnectException|ClientConnector|RemoteDisconnected|RemoteProtocolError|"
        r"ServerDisconnected|APIConnectionError|refused the connection|closed the connection|"
        r"name or service not known|UnknownHost|getaddrinfo|NameResolution|name resolution|no route to host|"
        r"network is unreachable|broken pipe|SSL(?:Error|Handshake|CertVerification)|"
        r"certificate (?:verif|has expired|unknown)|self[- ]signed|IncompleteRead|unexpected EOF|"
        r"could not connect|failed to connect|unable to connect|ProxyError|no such host|server has gone away|"
        r"connection not open",
    ),
)
SURE_STATUS = re.compile(
    r"(?:status(?:[_ ]?code)?|http(?:/\d(?:\.\d)?)?(?: error)?|error code|code|response)"
    r"[\s:='\"(]{1,4}(?P<code>[45]\d\d)\b"
    r"|\b(?P<named>[45]\d\d)[\s:,-]{1,3}(?:client error|server error|bad|unauthorized|payment|forbidden|not found"
    r"|method|conflict|gone|unprocessable|too many|internal|bad gateway|service|gateway|\{)"
    r"|^\s*(?P<bare>[45]\d\d)\b",
    re.IGNORECASE,
)
LOOSE: tuple[tuple[ErrorKind, str], ...] = (
    (
        ErrorKind.SERVER_ERROR,
        r"overloaded|internal server error|bad gateway|service (?:is )?(?:temporarily )?unavailable|"
        r"ServiceUnavailable|InternalServerError|temporarily unavailable|try again later|server (?:had an )?error|"
        r"upstream (?:connect )?error|APIStatusError|server is (?:busy|down)|maintenance|is offline|"
        r"InternalError\b|UNAVAILABLE\b|ClusterBlock|no healthy upstream",
    ),
    (
        ErrorKind.CONFIGURATION,
        r"ModuleNotFoundError|ImportError|cannot find module|ClassNotFound|NoClassDefFound|NoSuchMethod|"
        r"command not found|environment variable|is not configured|ImproperlyConfigured|not installed|"
        r"missing (?:secret|variable|setting|config)|no such (?:column|table)|relation .{1,80} does not exist|"
        r"column .{1,80} does not exist|unable to resolve action|invalid workflow|"
        r"variable .{1,60}(?:does not exist|is not set)|credentials? .{0,40}(?:not set|does not exist|not found)|"
        r"unsupported engine",
    ),
    (
        ErrorKind.CODE,
        r"\bKeyError\b|\bTypeError\b|\bAttributeError\b|\bNameError\b|\bIndexError\b|\bValueError\b|ZeroDivision|"
        r"UnboundLocal|\bSyntaxError\b|IndentationError|ReferenceError|NullPointer|ClassCast|IllegalArgument|"
        r"IllegalState|IndexOutOfBounds|NumberFormat|cannot read propert|is not a function|is not defined|"
        r"undefined is not|of undefined|of null|NoneType|nil pointer|panic:|TemplateError|UndefinedError|"
        r"NotImplemented|invalid syntax|ExpressionError|referenced node|NoSuchElement|StopIteration|"
        r"segmentation fault|SIGSEGV|LookupError|ArithmeticException|undefined (?:method|local variable)|"
        r"RangeError|index out of range",
    ),
    (
        ErrorKind.NOT_FOUND,
        r"not found|does not exist|doesn'?t exist|no such (?:file|key|bucket|object)|FileNotFound|NotFound|"
        r"\bENOENT\b|could not be found|no longer exists|unknown (?:id|model|user)|NoSuchKey|NoSuchBucket",
    ),
    (
        ErrorKind.ASSERTION,
        r"AssertionError|assert(?:ion)? (?:failed|error)|expected .{1,60} to (?:be|equal|have|match)|"
        r"\btests? failed|(?<!\d)\d+ failed,|FAILED tests|goal (?:state )?not reached|check(?:s)? failed|"
        r"quality (?:check|gate)|score .{0,30}below|expectation failed|\blint",
    ),
    (
        ErrorKind.BAD_REQUEST,
        r"bad request|BadRequest|invalid[_ ](?:request|parameter|argument|value|operation)|request is invalid|"
        r"unsupported|not supported|InvalidParameter|illegal|invalid option|check your parameters|"
        r"method not allowed|conflict",
    ),
    (
        ErrorKind.RULE,
        r"not enough|not available|cannot be (?:used|cancell?ed|changed|modified|combined)|not allowed|"
        r"already (?:exists|used|been|booked)|does not add up|exceeds (?:the )?(?:limit|maximum)|limit exceeded|"
        r"out of stock|not eligible|declined|rejected|denied by policy|insufficient|is sold out|policy violation|"
        r"outside (?:of )?(?:the )?allowed|must not",
    ),
    (
        ErrorKind.CANCELLED,
        r"\bcancell?ed\b|\baborted\b|\bSIGINT\b|exit(?: code)? 130\b",
    ),
    (
        ErrorKind.EXIT_CODE,
        r"exit(?:ed)?(?: with)?(?: return)?(?: non-zero)?(?: exit)?(?: code| status)|non-zero|return code|"
        r"CalledProcessError|bash command failed",
    ),
)
_STATUS_KINDS = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    404: ErrorKind.NOT_FOUND,
    407: ErrorKind.AUTH,
    408: ErrorKind.TIMEOUT,
    410: ErrorKind.NOT_FOUND,
    422: ErrorKind.SCHEMA,
    429: ErrorKind.RATE_LIMIT,
    504: ErrorKind.TIMEOUT,
    522: ErrorKind.TIMEOUT,
    524: ErrorKind.TIMEOUT,
}
_PRECISE = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in PRECISE)
_LOOSE = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in LOOSE)


@lru_cache(maxsize=4096)
def classify(type: str | None, message: str | None, status: int | None = None) -> Classified:
    """The kind of an error from its type, message and HTTP status, each None where not told."""
    text = _readable(type, message)
    found = _first(_PRECISE, text) or _by_status(text, status) or _first(_LOOSE, text)
    return found or Classified(ErrorKind.UNKNOWN, "")


def status_kind(status: int) -> ErrorKind | None:
    """The kind of an HTTP status that tells of an error; None for another number."""
    if not 400 <= status < 600:
        return None
    return _STATUS_KINDS.get(status, ErrorKind.BAD_REQUEST if status < 500 else ErrorKind.SERVER_ERROR)


def _readable(type: str | None, message: str | None) -> str:
    said = message or ""
    if len(said) > 2 * MAX_READ:
        said = f"{said[:MAX_READ]}\n{said[-MAX_READ:]}"
    return f"{type}: {said}" if type else said


def _first(table: tuple[tuple[ErrorKind, re.Pattern[str]], ...], text: str) -> Classified | None:
    for kind, pattern in table:
        match = pattern.search(text)
        if match:
            return Classified(kind, match.group(0))
    return None


def _by_status(text: str, status: int | None) -> Classified | None:
    if status is None:
        match = SURE_STATUS.search(text)
        status = int(match["code"] or match["named"] or match["bare"]) if match else None
    kind = status_kind(status) if status is not None else None
    return Classified(kind, str(status)) if kind else None
