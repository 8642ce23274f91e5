import { useEffect, useState } from 'react';

/** Light, dark, or as the reader's system says. */
export type Theme = 'system' | 'light' | 'dark';

const STORED_KEY = 'osteotriage.theme';

/** Every theme, in the order of the switch. */
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** The chosen theme, kept in this browser only. */
export function useTheme(): { readonly theme: Theme; readonly choose: (theme: Theme) => void } {
  const [theme, setTheme] = useState<Theme>(readTheme);
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  const choose = (chosen: Theme): void => {
    localStorage.setItem(STORED_KEY, chosen);
    setTheme(chosen);
  };
  return { theme, choose };
}

function readTheme(): Theme {
  const stored = localStorage.getItem(STORED_KEY);
  return THEMES.find((theme) => theme === stored) ?? 'system';
}
