import { lazy, Suspense } from 'react';
import type { ComponentProps } from 'react';
import { AwaitedNotice } from './page-parts.tsx';

const Viewer = lazy(async () => ({ default: (await import('./film-viewer.tsx')).FilmViewer }));

/** The viewer, fetched when the first film is looked at. */
export function LazyFilmViewer(properties: ComponentProps<typeof Viewer>) {
  return (
    <Suspense fallback={<AwaitedNotice error={null} />}>
      <Viewer {...properties} />
    </Suspense>
  );
}
