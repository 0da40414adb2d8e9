import { type TextKey, t } from '../../shared/locales/texts.ts'
import type { Problem } from './intent.ts'

const TEXTS: Readonly<Record<Problem, TextKey>> = {
  denied: 'upstream.denied',
  unreachable: 'upstream.unreachable',
  failed: 'upstream.failed',
  not_allowed: 'upstream.notAllowed',
  expired: 'upstream.expired',
  disabled: 'upstream.disabled',
  closed: 'upstream.closed',
  invited: 'upstream.invited',
  unavailable: 'upstream.unavailable',
  identity_taken: 'upstream.identityTaken',
  other_account: 'upstream.otherAccount',
}

/**
 * The sentence for a `problem` parameter of a page: fixed texts, so that a link can put nothing on it.
 * @param name of the provider
 */
export function problemText(problem: unknown, name: string | undefined): string | undefined {
  if (typeof problem !== 'string' || !Object.hasOwn(TEXTS, problem)) return undefined
  return t(TEXTS[problem as Problem], { name: name ?? t('upstream.unnamed') })
}
