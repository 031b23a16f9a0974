// A field with a list to choose from, after the combobox pattern of the ARIA Authoring Practices (list autocomplete with
// manual selection). Hangul is found by its syllables and by initial consonants: ㅎㅂ finds 환불.

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const plain = (text) => text.toLowerCase().replace(/[\s_]+/g, "");
const initials = (text) =>
  [...text].map((char) => (char >= "가" && char <= "힣" ? INITIALS[Math.floor((char.charCodeAt(0) - 0xac00) / 588)] : char)).join("");

let made = 0;

export function combobox(input, choices, { label, found, choose }) {
  input.removeAttribute("list");
  const list = document.createElement("ul");
  list.id = `options-${++made}`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", label);
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  const entries = choices.map((choice) => ({ ...choice, plain: plain(choice.title), initials: initials(plain(choice.title)), code: plain(choice.name) }));
  let shown = [];
  let at = -1;

  function matching(typed) {
    const wanted = plain(typed);
    if (!wanted) return entries;
    const fits = (entry) => [entry.plain, entry.initials, entry.code].map((text) => text.indexOf(wanted)).filter((place) => place >= 0);
    return entries
      .map((entry) => ({ entry, places: fits(entry) }))
      .filter(({ places }) => places.length)
      .sort((one, other) => Math.min(...one.places) - Math.min(...other.places))
      .map(({ entry }) => entry);
  }

  function open(typed = input.value) {
    shown = matching(typed);
    list.replaceChildren(
      ...shown.map((entry, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.append(entry.title);
        // Before the field loses the focus.
        option.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          pick(index);
        });
        return option;
      }),
    );
    move(shown.length && plain(typed) ? 0 : -1);
    list.hidden = !shown.length;
    const box = input.getBoundingClientRect();
    list.classList.toggle("above", innerHeight - box.bottom < 260 && box.top > innerHeight - box.bottom);
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function move(to) {
    at = to;
    for (const [index, option] of [...list.children].entries()) {
      option.setAttribute("aria-selected", String(index === at));
      if (index === at) option.scrollIntoView({ block: "nearest" });
    }
    if (at >= 0) input.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function pick(index) {
    const entry = shown[index];
    input.value = entry.title;
    close();
    choose(entry.name);
  }

  input.addEventListener("input", () => {
    open();
    found(shown.length);
  });
  input.addEventListener("blur", close);
  input.addEventListener("click", () => (list.hidden ? open("") : close()));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) open(event.altKey ? "" : input.value);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (shown.length) move(at < 0 && step < 0 ? shown.length - 1 : (at + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      if (list.hidden || at < 0) return;
      pick(at);
    } else if (event.key === "Escape") {
      if (list.hidden) return;
      close();
    } else return;
    event.preventDefault();
  });
}
