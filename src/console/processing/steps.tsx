import type { JobFieldsFragment } from '../../sdk/generated.ts';
import { Badge } from '../ui/badge.tsx';
import { duration } from '../ui/words.ts';
import { isOpen, labelOf, toneOf } from './job-words.ts';

/** The steps of a job, with the time that each has taken. */
export function Steps({ job: { steps, status: ofJob } }: { readonly job: JobFieldsFragment }) {
  return (
    <ol className="steps">
      {steps.map(({ name, description, duration: ms, status }) => (
        <li key={name}>
          <span>{description}</span>
          <span className="quiet">{ms === null ? '' : duration(ms)}</span>
          <Badge tone={toneOf(status)}>
            {status === 'QUEUED' && !isOpen(ofJob) ? 'Not done' : labelOf(status)}
          </Badge>
        </li>
      ))}
    </ol>
  );
}

/** What went wrong in each attempt. */
export function Attempts({ errors }: { readonly errors: JobFieldsFragment['errors'] }) {
  if (errors.length === 0) return null;
  return (
    <ul className="attempts">
      {errors.map(({ attempt, message, at }) => (
        <li key={`${attempt} ${at}`}>
          <span className="quiet">Attempt {attempt}:</span> {message}
        </li>
      ))}
    </ul>
  );
}
