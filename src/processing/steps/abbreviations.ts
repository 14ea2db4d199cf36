/** Written with a full stop in mid-sentence, in lower case; Unicode's rules would end a sentence there. */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof st vs e.g i.e cf fig no vol inc ltd jan feb mar apr jun jul aug sept oct nov dec ' +
    'z.b d.h u.a bzw nr ca vgl abs hr fr str evtl ggf mm mme p.ex sr sra dra ud uds p.ej núm pág'
  ).split(' '),
);
/** UTF-16 code units at the end of a text in which an abbreviation is looked for. */
const REACH = 12;

/** Whether a text ends in an abbreviation's full stop, or an initial's, rather than a sentence's. */
export function endsInAbbreviation(text: string): boolean {
  const end = text.slice(-REACH).trimEnd();
  if (!end.endsWith('.')) return false;
  const word = end.slice(0, -1).split(/[\s(]/u).at(-1) ?? '';
  return ABBREVIATIONS.has(word.toLowerCase()) || /^\p{Lu}$/u.test(word);
}
