/** Texts as a configuration file describes them: by language, what is said otherwise. The rules are those of `Texts`. */
import { LOCALES } from '../shared/locales/locales.ts'
import { t } from '../shared/locales/texts.ts'
import { shippedText, type Texts } from './texts.ts'

type Fields = Readonly<Record<string, unknown>>

/** What one is called: `de/signIn.title`. */
const nameOf = (locale: string, key: string): string => `${locale}/${key}`

/** @returns language and key of a name */
function partsOf(name: string): [locale: string, key: string] {
  const at = name.indexOf('/')
  return [name.slice(0, at), name.slice(at + 1)]
}

export type NamedText = {
  /** `{language}/{key}` */
  name: string
  locale: string
  key: string
  text: string
}

/** What a configuration does with texts. */
export function createTextsConfiguration(texts: Pick<Texts, 'change' | 'overridden' | 'problems'>) {
  const change = async (name: string, text: string | null) => {
    const [locale, key] = partsOf(name)
    return texts.change(locale, { [key]: text }, { others: 'stay' })
  }
  return {
    complete: (entry: Fields): Fields => entry,
    /**
     * The texts that a file says in one language, and what is wrong with them by key; a key of '' is the language itself.
     */
    async read(
      locale: string,
      given: Fields,
    ): Promise<{ texts: NamedText[]; problems: { field: string; message: string }[] }> {
      if (!LOCALES.some(({ tag }) => tag === locale)) {
        const tags = LOCALES.map(({ tag }) => tag).join(', ')
        const message = t('admin.configuration.problem.language', { tags })
        return { texts: [], problems: [{ field: '', message }] }
      }
      const said = Object.entries(given).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      )
      const problems = Object.keys(given)
        .filter((key) => typeof given[key] !== 'string')
        .map((field) => ({ field, message: t('admin.configuration.problem.text') }))
      for (const [field, text] of said)
        if (text === shippedText(locale, field))
          problems.push({ field, message: t('admin.configuration.problem.shipped') })
      problems.push(...(await texts.problems(locale, Object.fromEntries(said))))
      return {
        texts: said.map(([key, text]) => ({ name: nameOf(locale, key), locale, key, text })),
        problems,
      }
    },
    async list(): Promise<NamedText[]> {
      return Object.entries(await texts.overridden()).flatMap(([locale, of]) =>
        Object.entries(of).map(([key, text]) => ({ name: nameOf(locale, key), locale, key, text })),
      )
    },
    add: ({ locale, key, text }: Fields) => change(nameOf(String(locale), String(key)), String(text)),
    update: (name: string, { text }: Fields) => change(name, String(text)),
    remove: (name: string) => change(name, null),
  }
}
