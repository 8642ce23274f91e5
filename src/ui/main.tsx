// First, so that the parts' own sheets may refine it.
import './pages.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { takeFirstAnswers } from './first-answers.ts';
import { LanguageProvider } from './language.tsx';
import { Pages } from './pages.tsx';

/** What was read in this moment is not read again by the part that shows it; what an event names is. */
const SAME_MOMENT_MS = 1_000;

// The service is often on the same machine: a workstation without a network must still read it.
const client = new QueryClient({
  defaultOptions: { queries: { networkMode: 'always', staleTime: SAME_MOMENT_MS } },
});

const root = document.getElementById('root');
if (root === null) throw new Error('the document has no #root');
const place = createRoot(root);
void takeFirstAnswers(client).then(() => {
  place.render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <LanguageProvider>
          <Pages />
        </LanguageProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
});
