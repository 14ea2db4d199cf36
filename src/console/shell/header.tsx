import type { LiveSocket } from '../api/socket.ts';
import type { Session, User } from '../session/session.ts';
import { Logo } from '../ui/logo.tsx';
import { ConnectionLine } from './connection-line.tsx';
import { Link } from './link.tsx';
import type { Route } from './route.ts';

const PLACES: readonly {
  readonly to: string;
  readonly label: string;
  readonly pages: readonly Route['page'][];
}[] = [
  { to: '/documents', label: 'Documents', pages: ['documents', 'document'] },
  { to: '/processing', label: 'Processing', pages: ['processing'] },
  { to: '/operations', label: 'Operations', pages: ['operations'] },
];

/** Where one may go, whether news arrive, and who one is. */
export function Header({
  page,
  socket,
  session,
  user,
}: {
  readonly page: Route['page'];
  readonly socket: Pick<LiveSocket, 'state'>;
  readonly session: Session;
  readonly user: User;
}) {
  return (
    <header className="top">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="top-in">
        <Link to="/documents" className="home">
          <Logo />
        </Link>
        <nav aria-label="Main">
          <ul>
            {PLACES.map(({ to, label, pages }) => (
              <li key={to}>
                <Link to={to} current={pages.includes(page)}>
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="who">
          <ConnectionLine socket={socket} />
          <span className="who-name" title={`Tenant ${user.tenantId}`}>
            {user.name}
          </span>
          <button type="button" className="button small plain" onClick={() => session.signOut()}>
            Sign out
          </button>
        </div>
      </div>
    </header>
  );
}
