import { interactionPolicy } from 'oidc-provider'

/** What the library's word for it is, of a request (`prompt`), of a flow that waits, and of the answer. */
export const SELECT_ACCOUNT = 'select_account'

/** `prompt` values that are taken (Initiating User Registration §4 names the member). */
export const PROMPT_VALUES = ['none', 'login', 'consent', SELECT_ACCOUNT]

/**
 * `prompt=select_account` (OpenID Connect Core §3.1.2.1): which account goes on is asked before anything else. Whoever signs in
 * in the flow has answered it by that.
 */
export const selectAccountPrompt = (): interactionPolicy.Prompt =>
  new interactionPolicy.Prompt({ name: SELECT_ACCOUNT, requestable: true }, () => ({}))
