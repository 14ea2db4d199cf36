import { type SyntheticEvent, useId } from 'react';
import { useMutation } from 'urql';
import {
  AddCollaboratorDocument,
  ChangeCollaboratorRoleDocument,
  type DocumentFieldsFragment,
  RemoveCollaboratorDocument,
  type Role,
} from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { plain } from '../ui/words.ts';

const ROLES: readonly Role[] = ['VIEWER', 'EDITOR', 'OWNER'];

const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value);

function Roles() {
  return ROLES.map((role) => (
    <option key={role} value={role}>
      {plain(role)}
    </option>
  ));
}

type Collaborator = DocumentFieldsFragment['collaborators'][number];

/** A collaborator, whose role an owner may change. */
function CollaboratorRow({
  documentId,
  collaborator: { user, role },
  mayChange,
}: {
  readonly documentId: string;
  readonly collaborator: Collaborator;
  readonly mayChange: boolean;
}) {
  const [changed, change] = useMutation(ChangeCollaboratorRoleDocument);
  const [removed, remove] = useMutation(RemoveCollaboratorDocument);
  const isBusy = changed.fetching || removed.fetching;
  const error = changed.error ?? removed.error;
  return (
    <li>
      <div className="collaborator">
        <span>
          {user.name} <span className="quiet">{user.id}</span>
        </span>
        {mayChange ? (
          <div className="actions">
            <select
              aria-label={`Role of ${user.name}`}
              value={role}
              disabled={isBusy}
              onChange={({ target }) => {
                if (isRole(target.value)) void change({ documentId, userId: user.id, role: target.value });
              }}
            >
              <Roles />
            </select>
            <button
              type="button"
              className="button small"
              aria-label={`Remove ${user.name}`}
              disabled={isBusy}
              onClick={() => void remove({ documentId, userId: user.id })}
            >
              Remove
            </button>
          </div>
        ) : (
          <span className="quiet">{plain(role)}</span>
        )}
      </div>
      {error && <ProblemNotice problem={problemOf(error)} />}
    </li>
  );
}

/** Gives somebody else access. */
function AddCollaborator({ documentId }: { readonly documentId: string }) {
  const [{ fetching, error }, add] = useMutation(AddCollaboratorDocument);
  const userField = useId();
  const roleField = useId();

  async function submit(event: SyntheticEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const userId = form.get('user');
    const role = form.get('role');
    if (typeof userId !== 'string' || !isRole(role)) return;
    const { data } = await add({ documentId, userId: userId.trim(), role });
    if (data) element.reset();
  }

  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <label htmlFor={userField}>User id</label>
      <input id={userField} name="user" required pattern=".*\S.*" autoComplete="off" />
      <label htmlFor={roleField}>Role</label>
      <select id={roleField} name="role" defaultValue="EDITOR">
        <Roles />
      </select>
      {error && <ProblemNotice problem={problemOf(error)} />}
      <div className="actions end">
        <button type="submit" className="button primary" disabled={fetching}>
          {fetching ? 'Adding…' : 'Add'}
        </button>
      </div>
    </form>
  );
}

/** Who may read and write a document; owners may change it, others see it. */
export function Share({
  document: { id, viewerRole, collaborators },
  onClose,
}: {
  readonly document: DocumentFieldsFragment;
  readonly onClose: () => void;
}) {
  const mayChange = viewerRole === 'OWNER';
  return (
    <Dialog title={mayChange ? 'Share' : 'Who has access'} onClose={onClose}>
      <ul className="rows" aria-label="Collaborators">
        {collaborators.map((collaborator) => (
          <CollaboratorRow
            key={collaborator.user.id}
            documentId={id}
            collaborator={collaborator}
            mayChange={mayChange}
          />
        ))}
      </ul>
      {mayChange && <AddCollaborator documentId={id} />}
      <div className="actions end">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
