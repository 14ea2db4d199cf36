import { Component, type ReactNode } from 'react';
import { Empty } from '../ui/states.tsx';

/** Stands in for a page that could not be shown: mostly because the server has a newer console, whose files have other names. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override readonly state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main id="main" className="page">
        <Empty title="This page could not be shown.">
          <p className="quiet">There may be a newer console on the server.</p>
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Load it again
          </button>
        </Empty>
      </main>
    );
  }
}
