import { useSyncExternalStore } from 'react';
import type { MouseEvent, ReactNode } from 'react';

/** Where the reader is. The browser's own history is all the routing that three pages need. */
export interface Address {
  readonly pathname: string;
  readonly search: string;
}

const listeners = new Set<() => void>();

/** The present address; the component is drawn again when it changes. */
export function useAddress(): Address {
  const href = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(href, location.origin);
  return { pathname: url.pathname, search: url.search };
}

/** Goes to another page without loading the document anew. */
export function openAddress(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  if (how === 'push') scrollTo(0, 0);
  for (const listener of listeners) listener();
}

/** A link inside the pages; with a modifier key the browser opens it as it always does. */
export function PageLink(properties: {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
  readonly current?: boolean;
  readonly label?: string;
}) {
  const { to, children, className, current, label } = properties;
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openAddress(to);
  };
  return (
    <a
      href={to}
      className={className}
      aria-current={current === true ? 'page' : undefined}
      aria-label={label}
      onClick={follow}
    >
      {children}
    </a>
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
}
