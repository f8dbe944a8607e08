// Says in words why a passkey could not be made or used. allauth tells it as an event; the browser only names it.
const BUTTONS = "#passkey_login, #mfa_webauthn_add, #mfa_webauthn_authenticate, #mfa_webauthn_reauthenticate";
const ELSEWHERE = "Passkeys need an address that begins with https://, or http://localhost. Open Steadyrun by such an address, or use another way.";
const OTHER_KIND = "This device or key cannot hold a passkey. Clear the box, and it is added as a security key beside the password.";
const WORDS = {
  SecurityError: ELSEWHERE,
  NotAllowedError: "No passkey was taken: it was cancelled, took too long, or there is none for this site on this device. Try again, or use another way.",
  InvalidStateError: "This device or key is added already. Take another one, or remove the old one first.",
  NotSupportedError: OTHER_KIND,
  ConstraintError: OTHER_KIND,
};

function wordsOf(exception) {
  if (!window.isSecureContext || !window.PublicKeyCredential) return ELSEWHERE;
  return WORDS[exception?.name] ?? "The passkey could not be used. Load the page again and retry, or use another way.";
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
