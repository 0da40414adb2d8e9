import { interactionPolicy } from 'oidc-provider'

/** What the library's word for it is, of a request (`prompt`), of an interaction that waits, and of the answer. */
export const SELECT_ACCOUNT = 'select_account'

/** `prompt` values that are taken (Initiating User Registration §4 names the member). */
export const PROMPT_VALUES = ['none', 'login', 'consent', SELECT_ACCOUNT]

/**
 * `prompt=select_account` (OpenID Connect Core §3.1.2.1): the person is asked for the account before anything else. A
 * person who signs in during the interaction has answered that.
 */
export const selectAccountPrompt = (): interactionPolicy.Prompt =>
  new interactionPolicy.Prompt({ name: SELECT_ACCOUNT, requestable: true }, () => ({}))
