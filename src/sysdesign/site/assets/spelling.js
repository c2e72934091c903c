// The same rule as sysdesign.search.spelling: the nearest known word within one edit, or two from eight letters on.
export function correct(word, known, count = (name) => known[name]) {
  if (Object.hasOwn(known, word) || word.length < 4 || /^\d+$/.test(word)) return word;
  const names = Object.keys(known);
  if (names.some((name) => name.startsWith(word))) return word;
  const allowed = word.length >= 8 ? 2 : 1;
  let best = null;
  for (const name of names) {
    if (Math.abs(name.length - word.length) > allowed || name.length < 4) continue;
    if (name.length === 4 && word.length === 4 && [...name].sort().join() !== [...word].sort().join()) continue;
    const edits = distance(word, name, allowed);
    if (edits > allowed) continue;
    const key = [edits, -count(name), name];
    if (!best || less(key, best)) best = key;
  }
  return best ? best[2] : word;
}

function less(a, b) {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return a[at] < b[at];
  return false;
}

// Optimal string alignment: a swap of neighbors is one edit.
function distance(a, b, most) {
  let before = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
    }
    if (Math.min(...row) > most) return most + 1;
    [before, last] = [last, row];
  }
  return last[b.length];
}
