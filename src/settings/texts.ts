// Texts of pages and mails that an owner says otherwise: one document, that counts in every process as settings do.
import { z } from 'zod'
import { VersionConflict } from '../shared/errors.ts'
import { type Catalogue, catalogueOf, type TextKey } from '../shared/locales/catalogue.ts'
import { ENGLISH } from '../shared/locales/locales.ts'
import { isText, t } from '../shared/locales/texts.ts'
import { own } from '../shared/own.ts'
import { type FieldProblem, ValidationError } from '../shared/validation-error.ts'
import type { StoredDocument } from './store.ts'

/** One text in one language. */
export interface TextState {
  key: TextKey
  /** As the server ships it; English where the language lacks it. */
  shipped: string
  /** What the owner says instead. */
  override: string | undefined
}

export interface TextsState {
  /** Another one after every change, of any language. */
  version: string
  texts: readonly TextState[]
}

export interface TextsEvent {
  type: 'texts.updated'
  locale: string
  /** Of each text that was changed, what the owner said before and says now; null: what ships. */
  before: Readonly<Record<string, string | null>>
  after: Readonly<Record<string, string | null>>
}

export interface Texts {
  /** What is said instead of a text at this moment; undefined: what ships. */
  override(tag: string, key: string): string | undefined
  /** All that is said otherwise: language, key, text. */
  overridden(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>>
  /** What is wrong with texts, by key; what ships is no change, and not wrong. @param tag one of LOCALES */
  problems(tag: string, texts: Readonly<Record<string, string>>): Promise<FieldProblem[]>
  /** Every text of a language, in the order of the catalogue. @param tag one of LOCALES */
  list(tag: string): Promise<TextsState>
  /**
   * Says texts otherwise; null says what ships again.
   * @param given.others whether those that are left out stay, or ship again @param given.ifVersion the state that the change is meant for
   * @throws ValidationError with every problem, by key · VersionConflict
   */
  change(
    tag: string,
    texts: Readonly<Record<string, string | null>>,
    given: { others: 'stay' | 'ship'; ifVersion?: string | undefined },
  ): Promise<TextsState>
}

/** Characters of one text. */
const MAX_LENGTH = 2000
/** Characters of all that is stored: it is read with the settings, once a second. */
const MAX_TOTAL = 100_000
/** How often a change is tried again that others were faster than. */
const TRIES = 20

const document = z.record(z.string(), z.record(z.string(), z.string()))
type Stored = Readonly<Record<string, Catalogue>>

export function createTexts(deps: { document: StoredDocument; events(event: TextsEvent): void }): Texts {
  let parsed: { version: number; stored: Stored } = { version: 0, stored: {} }
  const readOf = (state: { version: number; document: string }): Stored => {
    if (state.version !== parsed.version) {
      const { data = {} } = document.safeParse(JSON.parse(state.document))
      parsed = { version: state.version, stored: data }
    }
    return parsed.stored
  }
  const stateOf = (state: { version: number; document: string }, tag: string): TextsState => {
    const overrides = own(readOf(state), tag) ?? {}
    const shipped = catalogueOf(tag)
    return {
      version: String(state.version),
      texts: Object.entries(catalogueOf(ENGLISH)).map(([key, english]) => ({
        key: key as TextKey,
        shipped: shipped[key] ?? english,
        override: own(overrides, key),
      })),
    }
  }

  return {
    override: (tag, key) => own(own(readOf(deps.document.current()), tag) ?? {}, key),

    overridden: async () => readOf(await deps.document.read()),

    problems: problemsOf,

    list: async (tag) => stateOf(await deps.document.read(), tag),

    async change(tag, texts, { others, ifVersion }) {
      await refuseWrong(tag, texts)
      for (let tries = 0; tries < TRIES; tries++) {
        const state = await deps.document.read()
        if (ifVersion !== undefined && ifVersion !== String(state.version)) throw new VersionConflict('text')
        const stored = readOf(state)
        const before = own(stored, tag) ?? {}
        const after = new Map(others === 'stay' ? Object.entries(before) : [])
        for (const [key, text] of Object.entries(texts)) {
          if (text === null || text === shippedText(tag, key)) after.delete(key)
          else after.set(key, text)
        }
        const keys = [...new Set([...Object.keys(before), ...after.keys()])].filter(
          (key) => own(before, key) !== after.get(key),
        )
        if (keys.length === 0) return stateOf(state, tag)
        const next = JSON.stringify({ ...stored, [tag]: Object.fromEntries(after) })
        if (next.length > MAX_TOTAL)
          throw new ValidationError({ texts: t('admin.languages.total', { most: MAX_TOTAL }) })
        if (!(await deps.document.replace(state.version, next))) continue
        deps.events({
          type: 'texts.updated',
          locale: tag,
          before: Object.fromEntries(keys.map((key) => [key, own(before, key) ?? null])),
          after: Object.fromEntries(keys.map((key) => [key, after.get(key) ?? null])),
        })
        return stateOf(await deps.document.read(), tag)
      }
      throw new VersionConflict('text')
    },
  }
}

export const shippedText = (tag: string, key: string): string | undefined =>
  own(catalogueOf(tag), key) ?? own(catalogueOf(ENGLISH), key)

/** @throws ValidationError by key */
async function refuseWrong(tag: string, texts: Readonly<Record<string, string | null>>): Promise<void> {
  const problems = await problemsOf(tag, texts)
  if (problems.length > 0) throw new ValidationError(problems, { code: 'invalid_texts' })
}

/** A text may leave out what fills it, but for its tags, and may add nothing. */
async function problemsOf(
  tag: string,
  texts: Readonly<Record<string, string | null>>,
): Promise<FieldProblem[]> {
  const { shapeOf } = await import('../shared/locales/shape.ts')
  const problems: FieldProblem[] = []
  for (const [key, text] of Object.entries(texts)) {
    const wrong = (message: string) => problems.push({ field: key, message })
    if (!isText(key)) wrong(t('admin.languages.no_key'))
    else if (text === null) continue
    else if (text.trim() === '') wrong(t('admin.languages.empty'))
    else if (text.length > MAX_LENGTH) wrong(t('admin.languages.length', { most: MAX_LENGTH }))
    else if (/\p{Cc}/u.test(text)) wrong(t('admin.languages.control'))
    else {
      const shipped = shapeOf(shippedText(tag, key) ?? '', tag)
      try {
        const given = shapeOf(text, tag)
        const added = [...given].filter((part) => !shipped.has(part))
        const lacking = [...shipped].filter((part) => part.startsWith('<') && !given.has(part))
        if (added.length > 0)
          wrong(
            added.some((part) => part.startsWith('the plural'))
              ? t('admin.languages.lacks', { parts: added.join(', ') })
              : t('admin.languages.unknown', {
                  parts: added.join(', '),
                  known: [...shipped].join(', ') || t('admin.languages.nothing'),
                }),
          )
        else if (lacking.length > 0) wrong(t('admin.languages.stays', { parts: lacking.join(', ') }))
      } catch {
        wrong(t('admin.languages.unreadable'))
      }
    }
  }
  return problems
}
