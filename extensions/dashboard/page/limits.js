// The limits of the selected actor: shown as the words of the attributes, and changed where the
// dashboard allows it.
//
// The token stays in the input, in the memory of this page; nothing stores it.

import { el, setText } from "./text.js";

export class Limits {
  constructor(state) {
    this.state = state;
    this.shown = el("pre", { tabindex: 0, "aria-label": "The effective configuration" });
    this.change = el("textarea", { rows: 3, spellcheck: "false", "aria-label": "What to change, as JSON", placeholder: '{ "capacity": 128 }' });
    this.token = el("input", { type: "password", autocomplete: "off", "aria-label": "Token", placeholder: "token" });
    this.result = el("p", { role: "status", class: "result" });
    const submit = el("button", { type: "submit" }, "Change");
    this.form = el("form", { onsubmit: (event) => this.send(event) },
      el("p", {}, "What you leave out stays. The change holds until the actor ends, and is a decision in the log."),
      this.change, el("div", { class: "bar" }, this.token, submit), this.result);
    this.readOnly = el("p", { class: "empty" }, "This dashboard only reads. Dashboard::allow_changes(token) lets it change limits.");
    this.node = el("div", { class: "limits" }, this.shown, this.form, this.readOnly);
  }

  reset() {
    this.change.value = "";
    setText(this.result, "");
    setText(this.shown, "");
  }

  draw(detail) {
    setText(this.shown, detail.config ? JSON.stringify(detail.config, null, 1) : "not known");
    const { allows_changes: isAllowed } = this.state.frame;
    this.form.hidden = !isAllowed;
    this.readOnly.hidden = isAllowed;
  }

  async send(event) {
    event.preventDefault();
    const actor = this.state.selected;
    const say = (text, isBad) => {
      setText(this.result, text);
      this.result.classList.toggle("bad", isBad);
    };
    try {
      JSON.parse(this.change.value);
    } catch (error) {
      say(`✕ not JSON: ${error.message}`, true);
      return;
    }
    say("…", false);
    try {
      const answer = await fetch(`/actors/${encodeURIComponent(actor)}/config`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token.value}` },
        body: this.change.value,
      });
      say(answer.ok ? "✓ changed" : `✕ ${answer.status}: ${await answer.text()}`, !answer.ok);
    } catch (error) {
      say(`✕ not sent: ${error.message}`, true);
    }
  }
}
