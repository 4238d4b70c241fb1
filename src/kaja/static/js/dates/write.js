// Days as the workspace writes them, and as people type them. Days are "2026-11-27", times "09:00", both on the wall
// clock of the workspace; the browser's own zone and language play no part. `facts` come with the page.

const two = (n) => String(n).padStart(2, "0");
export const iso = (year, month, day) => `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
const parts = (day) => day.split("-").map(Number);

/** Monday is 0. */
export const weekdayOf = (day) => (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7;

/** The day `days` later. */
export function shift(day, days) {
  const date = new Date(`${day}T00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

const lengthOf = (year, month) => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The same day `months` later, or the last of that month. */
export function shiftMonth(day, months) {
  const [year, month, number] = parts(day);
  const index = year * 12 + month - 1 + months;
  const [newYear, newMonth] = [Math.floor(index / 12), (index % 12) + 1];
  return iso(newYear, newMonth, Math.min(number, lengthOf(newYear, newMonth)));
}

/** A day by a pattern of Django's date format characters: the same ones that the pages are written with. */
export function write(day, pattern, facts) {
  const [year, month, number] = parts(day);
  const weekday = weekdayOf(day);
  const said = {
    j: number, d: two(number), n: month, m: two(month), Y: year, D: facts.weekdays[weekday], l: facts.days[weekday],
  };
  return [...pattern].map((each) => said[each] ?? facts.months[each]?.[month - 1] ?? each).join("");
}

/** A day with its weekday; the year only where it is not this one. */
export const writeDay = (day, facts) =>
  write(day, day.slice(0, 4) === facts.today.slice(0, 4) ? facts.short : facts.pattern, facts);

/** A day and its time. */
export const writeMoment = (at, facts) => `${writeDay(at.slice(0, 10), facts)}${facts.apart}${at.slice(11, 16)}`;

function real(year, month, day) {
  const whole = year < 100 ? 2000 + year : year;
  return month >= 1 && month <= 12 && day >= 1 && day <= lengthOf(whole, month) ? iso(whole, month, day) : null;
}

/** A day without its year is the next one that comes. */
function next(month, day, facts) {
  const year = Number(facts.today.slice(0, 4));
  const found = real(year, month, day);
  return found && found < facts.today ? real(year + 1, month, day) : found;
}

function monthNamed(word, facts) {
  const wanted = word.toLowerCase().replace(/\.$/, "");
  if (wanted.length < 3) return 0;
  for (const names of Object.values(facts.months)) {
    const at = names.findIndex((name) => name.toLowerCase().startsWith(wanted) || wanted.startsWith(name.toLowerCase()));
    if (at >= 0) return at + 1;
  }
  return 0;
}

/** What somebody typed as a day: "27.11.", "27 nov", "2026-11-27", "11月27日", "27"; null when it is none. */
export function parseDay(text, facts) {
  const numbers = (text.match(/\d+/g) ?? []).map(Number);
  if (/^\s*\d{4}\D/.test(text) && numbers.length >= 3) return real(...numbers);
  const words = text.match(/[\p{L}]{2,}\.?/gu) ?? [];
  const month = words.map((word) => monthNamed(word, facts)).find(Boolean);
  if (month && numbers.length) {
    const year = numbers.find((n) => n > 31);
    return year ? real(year, month, numbers.find((n) => n <= 31)) : next(month, numbers[0], facts);
  }
  if (numbers.length === 1) {
    const [year, thisMonth] = parts(facts.today);
    const found = real(year, thisMonth, numbers[0]);
    return found && found >= facts.today ? found : real(...parts(shiftMonth(iso(year, thisMonth, 1), 1)).slice(0, 2), numbers[0]);
  }
  if (numbers.length === 2) {
    const [first, second] = numbers;
    return facts.order === "dmy" ? next(second, first, facts) : next(first, second, facts);
  }
  if (numbers.length !== 3) return null;
  const named = Object.fromEntries([...facts.order].map((letter, index) => [letter, numbers[index]]));
  return real(named.y, named.m, named.d);
}

/** What somebody typed as a time of day: "9", "930", "9:30", "9.30"; null when it is none. */
export function parseTime(text) {
  const found = /^\s*(\d{1,2})(?:\s*[:.h時]?\s*(\d{2}))?\s*(am|pm)?\s*$/i.exec(text);
  if (!found) return null;
  let hour = Number(found[1]);
  const minute = Number(found[2] ?? 0);
  const half = found[3]?.toLowerCase();
  if (half && (hour < 1 || hour > 12)) return null;
  if (half) hour = (hour % 12) + (half === "pm" ? 12 : 0);
  return hour < 24 && minute < 60 ? `${two(hour)}:${two(minute)}` : null;
}
