import { PageLink } from './address.tsx';
import { nameOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { usePageTitle } from './page-parts.tsx';
import { PersonSearch } from './person-search.tsx';
import { usePersonWords } from './person-words.ts';
import './person.css';
import { fillWords } from './words.ts';

/** The register of people: whom the service knows, found by name or number. */
export function PersonsPage() {
  const own = usePersonWords();
  const { words } = useLanguage();
  usePageTitle(own.title);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{own.title}</h1>
          <p className="intro">{own.intro}</p>
        </div>
      </div>
      <PersonSearch
        isFirst
        offer={({ personId, person }) => (
          <PageLink
            to={`/persons/${personId}`}
            className="button"
            label={fillWords(own.openOf, { name: nameOf(person, words) })}
          >
            {own.open}
          </PageLink>
        )}
      />
    </>
  );
}
