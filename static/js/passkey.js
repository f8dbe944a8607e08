// Says in words why a passkey could not be made or used. allauth tells it as an event; the browser only names it.
const BUTTONS = "#passkey_login, #mfa_webauthn_add, #mfa_webauthn_authenticate, #mfa_webauthn_reauthenticate";
// By the name of the browser's error which of the words in templates/mfa/webauthn/snippets/scripts.html tells it.
const WORDS = {
  SecurityError: "sayElsewhere",
  NotAllowedError: "sayNotTaken",
  InvalidStateError: "sayAdded",
  NotSupportedError: "sayOtherKind",
  ConstraintError: "sayOtherKind",
};

function wordsOf(exception) {
  const isElsewhere = !window.isSecureContext || !window.PublicKeyCredential;
  const name = isElsewhere ? "sayElsewhere" : WORDS[exception?.name] ?? "sayUnusable";
  return document.getElementById("passkey-words").dataset[name];
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const button = document.querySelector(BUTTONS);
  document.getElementById("passkey-error")?.remove();
  const notice = Object.assign(document.createElement("p"), { id: "passkey-error", className: "notice fail" });
  notice.setAttribute("role", "alert");
  notice.textContent = wordsOf(event.detail.exception);
  button?.after(notice);
});
