import { Dialog } from '../ui/dialog.tsx';
import type { Session, User } from './session.ts';
import { SignInForm } from './sign-in-form.tsx';

/** Asks for another token above a page that stays as it is. */
export function SignInAgain({ session, user }: { readonly session: Session; readonly user: User }) {
  return (
    <Dialog title="Sign in again" onClose={null}>
      <p className="quiet">
        The token of {user.name} has expired. The page goes on where it was when you have signed in.
      </p>
      <SignInForm session={session} />
      <button type="button" className="button plain" onClick={() => session.signOut()}>
        Sign out
      </button>
    </Dialog>
  );
}
