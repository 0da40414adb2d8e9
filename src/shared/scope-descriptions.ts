import { t } from './locales/texts.ts'
import { own } from './own.ts'

/** How people read one scope of an API. */
export interface ScopeDescription {
  /** What an app can do with it, as a sentence without its full stop: “See your orders”. */
  title?: string | undefined
  /** More about it. */
  description?: string | undefined
  /** Pages that ask for it mark it. */
  sensitive?: boolean | undefined
}

/** The parts of one description, with what each is for: REST, the command line and the console derive from this. */
export const SCOPE_TEXTS = {
  title: 'What an app can do with the scope, as people read it: See your orders.',
  description: 'One more sentence about it.',
  sensitive: 'Whether pages that ask for it mark it as sensitive.',
} as const satisfies Record<keyof ScopeDescription, string>

/** By scope value. */
export type ScopeDescriptions = Readonly<Record<string, ScopeDescription>>

/** A scope as pages show it. */
export interface ShownScope {
  title: string
  detail?: string | undefined
  sensitive?: boolean | undefined
  /** The person has allowed it before, and is not asked for it. */
  before?: boolean | undefined
}

/**
 * A scope of an API in words; one without a title by its own name.
 * @param api undefined: it is not registered any more @param identifier of the API
 */
export function apiScopeInWords(
  scope: string,
  api: { name: string; scopeDescriptions: ScopeDescriptions } | undefined,
  identifier: string,
): ShownScope {
  const { title, description, sensitive } = own(api?.scopeDescriptions ?? {}, scope) ?? {}
  return {
    title: title ?? t('scope.ofApi', { api: api?.name ?? identifier, scope }),
    ...(description !== undefined && { detail: description }),
    ...(sensitive === true && { sensitive }),
  }
}
