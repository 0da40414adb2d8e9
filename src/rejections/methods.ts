import { AUTH_METHODS_IN_WORDS } from '../shared/auth-methods.ts'
import { described } from '../shared/locales/described.ts'
import { own } from '../shared/own.ts'
import { quoted } from './rejection.ts'

/** `client_secret`: one of the two ways, of a request that does not tell which. */
export const METHODS: Readonly<Record<string, string>> = {
  ...AUTH_METHODS_IN_WORDS,
  client_secret: 'A secret',
}

/** How a client shows who it is, within a sentence. */
export function methodInWords(method: string | undefined): string {
  const english = own(METHODS, method ?? '')
  if (english === undefined) return quoted(method)
  const words = described(`admin.rejection_rules.method.${method}`, english)
  return `${words.charAt(0).toLowerCase()}${words.slice(1)}`
}
