import { createContext, use, useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { Language } from '../decide/reason-texts.ts';
import { WORDS } from './words.ts';
import type { Words } from './words.ts';

const STORED_KEY = 'osteotriage.language';

interface LanguageChoice {
  readonly language: Language;
  readonly words: Words;
  readonly choose: (language: Language) => void;
}

const LanguageContext = createContext<LanguageChoice>({
  language: 'en',
  words: WORDS.en,
  choose: () => undefined,
});

/** Gives the chosen language to everything inside; the choice is kept in this browser only. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(readLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (chosen: Language): void => {
    localStorage.setItem(STORED_KEY, chosen);
    setLanguage(chosen);
  };
  return <LanguageContext value={{ language, words: WORDS[language], choose }}>{children}</LanguageContext>;
}

/** The chosen language and its words. */
export function useLanguage(): LanguageChoice {
  return use(LanguageContext);
}

function readLanguage(): Language {
  const stored = localStorage.getItem(STORED_KEY);
  if (stored === 'en' || stored === 'sv') return stored;
  return navigator.language.startsWith('sv') ? 'sv' : 'en';
}
