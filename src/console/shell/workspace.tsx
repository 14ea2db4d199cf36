import { lazy, Suspense, useEffect, useState } from 'react';
import { Provider } from 'urql';
import { type Api, createApi } from '../api/client.ts';
import { DocumentPage } from '../documents/document-page.tsx';
import { DocumentsPage } from '../documents/documents-page.tsx';
import { createTexts, type Texts } from '../editor/texts.ts';
import { ProcessingPage } from '../processing/processing-page.tsx';
import { createStarted, type Started } from '../processing/started.ts';
import type { Session, User } from '../session/session.ts';
import { Empty, Loading } from '../ui/states.tsx';
import { createUploads, type Uploads } from '../uploads/uploads.ts';
import { Boundary } from './boundary.tsx';
import { Header } from './header.tsx';
import { Link } from './link.tsx';
import { Page } from './page.tsx';
import { routeOf, usePath } from './route.ts';

const OperationsPage = lazy(() =>
  import('../operations/operations-page.tsx').then((module) => ({ default: module.OperationsPage })),
);

interface Tools {
  readonly api: Api;
  readonly uploads: Uploads;
  readonly started: Started;
  readonly texts: Texts;
}

function CurrentPage({
  path,
  user,
  tools: { uploads, started, texts },
}: {
  readonly path: string;
  readonly user: User;
  readonly tools: Omit<Tools, 'api'>;
}) {
  const route = routeOf(path);
  switch (route.page) {
    case 'documents':
      return <DocumentsPage uploads={uploads} started={started} />;
    case 'document':
      return <DocumentPage key={route.id} id={route.id} texts={texts} user={user} />;
    case 'processing':
      return <ProcessingPage started={started} />;
    case 'operations':
      return <OperationsPage />;
    case 'unknown':
      return (
        <Page title="Not found">
          <Empty title="There is no such page.">
            <Link to="/documents">Go to the documents</Link>
          </Empty>
        </Page>
      );
  }
}

/** All that a user has of the console, until another one signs in. */
export function Workspace({ session, user }: { readonly session: Session; readonly user: User }) {
  const [tools, setTools] = useState<Tools | null>(null);
  const path = usePath();

  useEffect(() => {
    const credentials = session.credentialsOf(user);
    const api = createApi(credentials);
    const uploads = createUploads(credentials);
    const texts = createTexts(credentials, user);
    setTools({ api, uploads, texts, started: createStarted(sessionStorage, user) });
    return () => {
      texts.close();
      uploads.close();
      api.close();
    };
    // Another user, another workspace: see the key that it is rendered with.
  }, [session, user.id, user.tenantId]);

  if (!tools) return null;
  return (
    <Provider value={tools.api.client}>
      <Header page={routeOf(path).page} socket={tools.api.socket} session={session} user={user} />
      <Boundary key={path}>
        <Suspense fallback={<Loading label="Loading…" />}>
          <CurrentPage path={path} user={user} tools={tools} />
        </Suspense>
      </Boundary>
    </Provider>
  );
}
