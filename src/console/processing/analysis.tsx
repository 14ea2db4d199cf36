import type { DocumentProcessingQuery } from '../../sdk/generated.ts';
import { count, several } from '../ui/words.ts';

/** Keywords that are shown. */
const SHOWN_KEYWORDS = 8;

type Found = NonNullable<NonNullable<DocumentProcessingQuery['document']>['analysis']>;

/** A language's name in English; its code where the browser has none. */
const languageOf = (code: string): string =>
  new Intl.DisplayNames('en', { type: 'language' }).of(code) ?? code;

/** What a job has found in a document. */
export function Analysis({ analysis: { result, stale } }: { readonly analysis: Found }) {
  const { language, statistics, keywords, summary, findings } = result;
  return (
    <div className="analysis">
      <h3>What was found</h3>
      {stale && <p className="notice warn">The text has changed since. Process it again to look anew.</p>}
      <dl>
        {language && (
          <>
            <dt>Language</dt>
            <dd>{languageOf(language.code)}</dd>
          </>
        )}
        {statistics && (
          <>
            <dt>Words</dt>
            <dd>
              {count(statistics.words)}, {several(Math.max(1, Math.round(statistics.readingTime)), 'minute')}{' '}
              to read
            </dd>
          </>
        )}
        {keywords && keywords.length > 0 && (
          <>
            <dt>Keywords</dt>
            <dd>
              {keywords
                .slice(0, SHOWN_KEYWORDS)
                .map(({ term }) => term)
                .join(' · ')}
            </dd>
          </>
        )}
        {findings && (
          <>
            <dt>Personal data</dt>
            <dd>{findings.length === 0 ? 'None was found' : several(findings.length, 'finding')}</dd>
          </>
        )}
      </dl>
      {summary && summary.length > 0 && <blockquote>{summary.join(' ')}</blockquote>}
    </div>
  );
}
