import type { TextKey } from '../../../shared/locales/texts.ts'
import { ACCESS_NOTICES } from '../access/person.ts'
import { FACTOR_NOTICES } from './factors.ts'

/** The part of a person's page that something was done in, where it is folded; undefined: it is none of one part. @param done as in USER_NOTICES */
export function partOf(done: string): string | undefined {
  if (Object.hasOwn(FACTOR_NOTICES, done)) return 'factors'
  if (Object.hasOwn(ACCESS_NOTICES, done)) return 'access'
  if (done === 'end-session' || done === 'no-session') return 'devices'
  return done === 'attributes' ? done : undefined
}

/** What a page says after an act, by `done`. */
export const USER_NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.users.done.created',
  saved: 'admin.common.saved',
  attributes: 'admin.users.done.attributes',
  disable: 'admin.users.done.disable',
  enable: 'admin.users.done.enable',
  unlock: 'admin.users.done.unlock',
  'send-reset': 'admin.users.done.send_reset',
  'send-invitation': 'admin.users.done.send_invitation',
  'withdraw-invitation': 'admin.users.done.withdraw_invitation',
  'end-sessions': 'admin.users.done.end_sessions',
  'end-session': 'admin.users.done.end_session',
  'no-session': 'admin.users.done.no_session',
  deleted: 'admin.users.done.deleted',
  ...FACTOR_NOTICES,
  ...ACCESS_NOTICES,
}
