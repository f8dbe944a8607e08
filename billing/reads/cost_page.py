"""Everything that the cost page and its API show of a period, in as many queries whatever there is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from accounts.statements import run_prepared
from billing.analysis.anomalies import LOOK_BACK
from billing.analysis.budget_course import BudgetCourse
from billing.analysis.decomposition import Effect
from billing.analysis.forecast import Forecast, forecast_beside_fixed
from billing.analysis.periods import DAY, Days, Period, PeriodKind
from billing.analysis.sums import WIDE
from billing.models import Budget
from billing.reads.budgets import BudgetScope, budget_of, course_of
from billing.reads.changes import Odd, decomposed, odd_days
from billing.reads.cost import BY_MONTH, NOTHING, Figures, fixed_by_month, group, group_money, together
from billing.reads.cost_cut import CostCut, cover, daily
from billing.reads.cost_rows import WorkflowRow, courses_of, workflow_rows
from billing.reads.course import Course, Named, Spent
from billing.reads.reporting import Converted, Reporting, reporting_of
from billing.reads.runs import RunCuts, Runs, run_cuts, runs_by_day, runs_by_month, runs_by_workflow
from monitoring.reads.labels import label_values

MAX_ODD = 3


@dataclass(frozen=True, slots=True)
class Reported:
    """The sums of the page in the reporting currency."""

    reporting: Reporting
    now: Converted
    before: Converted


@dataclass(frozen=True, slots=True)
class CostPage:
    """The period and what it is compared with. `runs` are None where no runs belong to what is shown."""

    cut: CostCut
    period: Period
    now: Figures
    before: Figures
    runs: Runs | None
    runs_before: Runs | None
    course: Course
    workflows: Sequence[WorkflowRow]
    courses: Mapping[UUID, Mapping[date, Decimal | None]]
    forecast: Forecast | None
    budget: BudgetCourse | None
    effects: Sequence[Effect]
    odd: Sequence[Odd]
    labels: Mapping[int, str]
    reported: Reported | None
    as_of: datetime
    # What `budget` is of.
    kept_budget: Budget | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no line counts on these days: nothing was spent, which is known."""
        return self.now == NOTHING

    @property
    def change_usd(self) -> Decimal | None:
        """What the cost rose by; None where one of both is not known."""
        if self.now.cost_usd is None or self.before.cost_usd is None:
            return None
        return self.now.cost_usd - self.before.cost_usd


Chooser = Callable[[Sequence[WorkflowRow]], Iterable[WorkflowRow]]


def load(cut: CostCut, period: Period, now: datetime, *, choose: Chooser | None = None) -> CostPage:
    """The page of these lines. `choose` says which of all workflows get their course (None: none does)."""
    cuts = run_cuts(cut)
    course = _course(cut, period, cuts)
    sums, before = (together(one.figures for one in names) for names in (course.now, course.before))
    by_workflow = runs_by_workflow(cuts, period.compared, period.days) if cuts else None
    rows = workflow_rows(cut, period, by_workflow)
    fixed = fixed_by_month(cut, Days(_since(period), period.days.end))
    foreseen = _forecast(cut, period, course, sums, fixed)
    odd = [] if course.is_monthly else odd_days(cut, period, _varying(course.costs, fixed), cuts)[:MAX_ODD]
    kept = budget_of(cut.team_id, BudgetScope(cut, period))
    return CostPage(
        cut=cut,
        period=period,
        now=sums,
        before=before,
        runs=_all_runs(by_workflow, 1),
        runs_before=_all_runs(by_workflow, 0),
        course=course,
        workflows=rows,
        courses=courses_of(cut, period, list({row.id for row in choose(rows)} if choose else ())),
        forecast=foreseen,
        budget=course_of(kept[1], sums.cost_usd or Decimal(0), period, foreseen) if kept else None,
        effects=decomposed(
            (course.before, _all_runs(by_workflow, 0)),
            (course.now, _all_runs(by_workflow, 1)),
        ),
        odd=odd,
        labels=label_values(cut.team_id, course.label_ids() | _providers(odd)),
        reported=_reported(cut, period, course),
        as_of=as_of(cut.team_id, now),
        kept_budget=kept[0] if kept else None,
    )


def as_of(team_id: UUID, now: datetime) -> datetime:
    """The instant up to which everything reported is in the lines: `now` when no hour waits to be made again."""
    ((waiting,),) = run_prepared("SELECT min(due_at) FROM cost_due WHERE team_id = %s", [team_id])
    return min(waiting or now, now)


def figures_by_bucket(page: CostPage) -> dict[date, Figures]:
    """All figures of each day, of a year of each month, that has lines: what tables by day have. One query."""
    days, is_monthly = page.period.days, page.course.is_monthly
    parts = cover(days) if is_monthly else daily(days.start, days.end)
    return dict(group(page.cut, parts, (BY_MONTH if is_monthly else "bucket",)))


def _course(cut: CostCut, period: Period, cuts: RunCuts | None) -> Course:
    is_monthly, days = period.kind is PeriodKind.YEAR, period.days
    sides: tuple[list[Named], list[Named]] = ([], [])
    names = ("side", "provider_id", "model_id", "kind")
    for side, *row in group(cut, [*cover(period.compared, 0), *cover(days, 1)], names):
        sides[side].append(Named(*row))
    parts = cover(days) if is_monthly else daily(days.start, days.end)
    spent = group_money(cut, parts, (BY_MONTH if is_monthly else "bucket", "provider_id", "kind"))
    earlier: dict[date, Decimal | None] = {}
    if not is_monthly:
        first = _since(period)
        earlier = {day: one.cost_usd for day, one in group_money(cut, daily(first, days.start), ("bucket",))}
    runs = None
    if cuts:
        runs = runs_by_month(cuts, days) if is_monthly else runs_by_day(cuts, [days])
    return Course(*sides, [Spent(*row) for row in spent], earlier, is_monthly, runs)


def _providers(odd: Sequence[Odd]) -> set[int]:
    """Of days before both windows, too."""
    return {one.provider.id for one in odd if one.provider and isinstance(one.provider.id, int)}


def _all_runs(by_workflow: Mapping[tuple[UUID, int], Runs] | None, side: int) -> Runs | None:
    if by_workflow is None:
        return None
    return sum((runs for (_, place), runs in by_workflow.items() if place == side), Runs())


def _since(period: Period) -> date:
    """The first day that is read for the period."""
    return min(period.compared.start, period.days.start - (LOOK_BACK + 1) * DAY)


def _varying(costs: Mapping[date, Decimal], fixed: Mapping[date, Decimal]) -> Mapping[date, Decimal]:
    """Costs by day without what a month costs whatever happens: it stands on one day, and makes that no unusual one."""
    return {day: WIDE.subtract(usd, fixed.get(day, Decimal(0))) for day, usd in costs.items()}


def _forecast(
    cut: CostCut, period: Period, course: Course, sums: Figures, fixed: Mapping[date, Decimal]
) -> Forecast | None:
    """None for a period that is over. Of a year the days are read for it."""
    if not period.is_running:
        return None
    if not course.is_monthly:
        return forecast_beside_fixed(course.costs, fixed, period.start, period.end, period.today)
    first = period.today - timedelta(days=LOOK_BACK)
    rows = group_money(cut, daily(first, period.today + DAY), ("bucket",))
    by_day = {day: figures.cost_usd for day, figures in rows if figures.cost_usd is not None}
    spent = WIDE.subtract(sums.cost_usd or Decimal(0), by_day.get(period.today, Decimal(0)))
    return forecast_beside_fixed(by_day, fixed, period.start, period.end, period.today, spent=spent)


def _reported(cut: CostCut, period: Period, course: Course) -> Reported | None:
    reporting = reporting_of(cut.team_id)
    if reporting.is_usd:
        return None
    costs = course.costs
    if course.is_monthly:
        days = (*daily(period.compared.start, period.compared.end), *daily(period.days.start, period.days.end))
        costs = {day: one.cost_usd for day, one in group_money(cut, days, ("bucket",)) if one.cost_usd is not None}
    now, before = (
        reporting.convert({day: usd for day, usd in costs.items() if day in days})
        for days in (period.days, period.compared)
    )
    return Reported(reporting, now, before)
