import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccountFrame, Signed, SignedIn } from '../../accounts/pages/account/signed-in.ts'
import type { Http } from '../../http/http.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import type { Clock } from '../../shared/clock.ts'
import type { SecondFactorSetting } from '../../shared/second-factor-rule.ts'
import type { Factors } from '../factors.ts'
import type { MailboxProof } from './mailbox-proof.ts'

/** What the pages below `/account/security` need. */
export interface FactorPagesDependencies {
  clock: Clock
  /** Its host is what people know the server by. */
  issuer: URL
  http: Pick<Http, 'forms' | 'limit'>
  factors: Factors
  /** Whose the pages are, and whether they signed in lately: the same as on the other pages of an account. */
  signedIn: SignedIn
  frame(signed: Signed, said?: Pick<AccountFrame, 'notice' | 'alert'>): AccountFrame
  ownerOf: AuditedSessions['ownerOf']
  mailboxProof: MailboxProof
  /** Who needs a second factor, at this moment. */
  secondFactor(): SecondFactorSetting
  /** The person of a session has just shown another factor in it. */
  verified(
    request: FastifyRequest,
    reply: FastifyReply,
    by: { accountId: string; uid: string; amr: readonly string[] },
  ): Promise<unknown>
}

/** Where all of it is shown. */
export const SECURITY = '/account/security'
