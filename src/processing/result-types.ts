import type { ObjectRef } from '@pothos/core';
import type { Finding } from '../compliance/scanner/finding.ts';
import type { Builder, BuilderTypes } from '../platform/graphql/builder.ts';
import type { FieldCost } from '../platform/graphql/cost.ts';
import { MAX_RESULT_FINDINGS, type ProcessingResult } from './result.ts';
import type { TextStatistics } from './steps/analyze.ts';
import type { DetectedLanguage } from './steps/detect-language.ts';
import type { Keyword } from './steps/extract-keywords.ts';

/** Of up to MAX_RESULT_FINDINGS: each is cheap, and they are many. */
const FINDINGS_COST: FieldCost = { own: 100 };

/** Adds what steps find to the schema; gives the type of a result. */
export function processingResultTypes(builder: Builder, FindingType: ObjectRef<BuilderTypes, Finding>) {
  const Language = builder.objectRef<DetectedLanguage>('DetectedLanguage').implement({
    fields: (t) => ({
      code: t.exposeString('code', { description: 'ISO 639-1' }),
      confidence: t.exposeFloat('confidence', { description: '0 to 1' }),
    }),
  });
  const Statistics = builder.objectRef<TextStatistics>('TextStatistics').implement({
    fields: (t) => ({
      characters: t.exposeInt('characters', { description: 'UTF-16 code units' }),
      words: t.exposeInt('words'),
      sentences: t.exposeInt('sentences'),
      paragraphs: t.exposeInt('paragraphs'),
      readingTime: t.exposeFloat('readingTime', { description: 'Minutes at 238 words a minute.' }),
      readingEase: t.exposeFloat('readingEase', {
        nullable: true,
        description: 'Flesch reading ease; null outside English.',
      }),
    }),
  });
  const KeywordType = builder.objectRef<Keyword>('Keyword').implement({
    fields: (t) => ({
      term: t.exposeString('term'),
      score: t.exposeFloat('score', { description: '1 for the best.' }),
      occurrences: t.exposeInt('occurrences'),
    }),
  });
  return builder.objectRef<ProcessingResult>('ProcessingResult').implement({
    description: 'What the steps found, of the revision that was processed; null for what was not asked for.',
    fields: (t) => ({
      revision: t.exposeInt('revision'),
      language: t.field({ type: Language, nullable: true, resolve: ({ language }) => language }),
      statistics: t.field({ type: Statistics, nullable: true, resolve: ({ statistics }) => statistics }),
      keywords: t.field({
        type: [KeywordType],
        nullable: true,
        resolve: ({ keywords }) => keywords && [...keywords],
      }),
      summary: t.stringList({ nullable: true, resolve: ({ summary }) => summary && [...summary] }),
      findings: t.field({
        type: [FindingType],
        nullable: true,
        description: `The first ${MAX_RESULT_FINDINGS} of the text.`,
        extensions: { cost: FINDINGS_COST },
        resolve: ({ findings }) => findings && [...findings],
      }),
      indexed: t.exposeBoolean('indexed', { nullable: true }),
    }),
  });
}
