// First, so that the parts' own sheets may refine it.
import './pages.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { LanguageProvider } from './language.tsx';
import { Pages } from './pages.tsx';

// The service is often on the same machine: a workstation without a network must still read it.
const client = new QueryClient({ defaultOptions: { queries: { networkMode: 'always' } } });

const root = document.getElementById('root');
if (root === null) throw new Error('the document has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <Pages />
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
);
