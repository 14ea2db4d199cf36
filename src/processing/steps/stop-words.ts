import * as lists from 'stopword';

/** The lists of the package `stopword`, which names languages by ISO 639-3, for those the detector knows by ISO 639-1. */
const BY_LANGUAGE: Readonly<Record<string, readonly string[]>> = {
  ar: lists.ara,
  bg: lists.bul,
  bn: lists.ben,
  ca: lists.cat,
  cs: lists.ces,
  da: lists.dan,
  de: lists.deu,
  el: lists.ell,
  en: lists.eng,
  es: lists.spa,
  et: lists.est,
  eu: lists.eus,
  fa: lists.fas,
  fi: lists.fin,
  fr: lists.fra,
  gu: lists.guj,
  he: lists.heb,
  hi: lists.hin,
  hr: lists.hrv,
  hu: lists.hun,
  hy: lists.hye,
  it: lists.ita,
  ja: lists.jpn,
  ko: lists.kor,
  ku: lists.kur,
  lt: lists.lit,
  lv: lists.lav,
  mr: lists.mar,
  ms: lists.msa,
  nl: lists.nld,
  no: lists.nob,
  pa: lists.panGu,
  pl: lists.pol,
  pt: lists.por,
  ro: lists.ron,
  ru: lists.rus,
  sk: lists.slk,
  sl: lists.slv,
  sv: lists.swe,
  th: lists.tha,
  tl: lists.tgl,
  tr: lists.tur,
  uk: lists.ukr,
  ur: lists.urd,
  vi: lists.vie,
  yo: lists.yor,
  zh: lists.zho,
};

const sets = new Map<string, ReadonlySet<string>>();

/** The words of a language (ISO 639-1) that carry no meaning of their own, in lower case; of English for none, empty for one without a list. */
export function stopWordsOf(language: string | null): ReadonlySet<string> {
  const code = language ?? 'en';
  const kept = sets.get(code);
  if (kept) return kept;
  const made = new Set(
    (Object.hasOwn(BY_LANGUAGE, code) ? BY_LANGUAGE[code] : undefined)?.map((word) => word.toLowerCase()),
  );
  sets.set(code, made);
  return made;
}
