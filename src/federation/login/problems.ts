import type { Problem } from './intent.ts'

const TEXTS: Record<Problem, (name: string) => string> = {
  denied: (name) => `${name} did not sign you in: it was cancelled there. Try again, or sign in another way.`,
  unreachable: (name) => `${name} does not answer at the moment. Try again later, or sign in another way.`,
  failed: (name) =>
    `Signing in with ${name} did not work. Try again, or sign in another way. Whoever runs this server finds the cause in its log.`,
  not_allowed: (name) =>
    `This account at ${name} may not sign in here. Use the one that your organisation gave you.`,
  expired: () =>
    'That sign-in cannot go on: it took too long, was finished already, or was started in another browser. Start again.',
  disabled: () => 'Your account is disabled. Ask the administrators of this server.',
  closed: (name) =>
    `Nobody here signs in with that account at ${name}, and new accounts are made by the administrators of this server. If you have an account, sign in and link ${name} on your account page.`,
  invited: (name) =>
    `You were invited: open the link in the message that you got. There you can continue with ${name}, or set a password.`,
  unavailable: () => 'Signing in that way is switched off. Choose another way.',
  identity_taken: (name) =>
    `That account at ${name} signs in to another account here. Remove it there first, or use another one.`,
  other_account: () =>
    'You signed in to another account than the one with that address. Nothing was linked. Start again.',
}

/**
 * The sentence for a `problem` parameter of a page: fixed texts, so that a link can put nothing on it.
 * @param name of the provider
 */
export function problemText(problem: unknown, name: string | undefined): string | undefined {
  if (typeof problem !== 'string' || !Object.hasOwn(TEXTS, problem)) return undefined
  return TEXTS[problem as Problem](name ?? 'That service')
}
