import type { FastifyRequest } from 'fastify'
import type { Managing } from '../access/managing.ts'
import type { Account } from '../accounts/account.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { PersonalData } from '../accounts/personal-data/export.ts'
import type { Attributes } from '../attributes/attributes.ts'
import type { Activity } from '../audit/activity.ts'
import type { EmailCodeNotSent } from '../factors/codes/email-codes.ts'
import type { Factors } from '../factors/factors.ts'
import type { MfaTokens } from '../factors/mfa-tokens.ts'
import type { MailboxProof } from '../factors/pages/mailbox-proof.ts'
import type { NotSent } from '../factors/phone/phone.ts'
import type { Federation } from '../federation/federation.ts'
import type { Cookies } from '../http/cookies/cookies.ts'
import type { KnownDevices } from '../http/cookies/known-devices.ts'
import type { Limit } from '../http/rate-limits/rate-limits.ts'
import type { LaunchableApp } from '../oidc/app-access/launchable.ts'
import type { AdmitSignIn } from '../oidc/hooks/sign-in.ts'
import type { AuditedSessions } from '../oidc/sessions/audited.ts'
import type { FirstPartyTokens } from '../oidc/tokens/first-party-tokens.ts'
import type { LastUses } from '../oidc/usage/last-uses.ts'
import type { Organizations } from '../organizations/organizations.ts'
import type { OwnProvider } from '../organizations/own-provider/own-provider.ts'
import type { Clock } from '../shared/clock.ts'
import type { AppError } from '../shared/errors.ts'
import type { VerificationMethod } from '../shared/second-factor.ts'
import type { SecondFactorSetting, SignInGate } from '../shared/second-factor-rule.ts'

export interface ApiDependencies {
  issuer: URL
  clock: Clock
  limit: Limit
  devices: Pick<KnownDevices, 'of'>
  /** The same that the pages use. */
  accounts: Pick<
    Accounts,
    | 'byId'
    | 'find'
    | 'register'
    | 'authenticate'
    | 'updateProfile'
    | 'losesVerifiedPhone'
    | 'changeEmail'
    | 'changePassword'
    | 'disable'
    | 'verification'
    | 'forgot'
    | 'reset'
    | 'pictures'
  >
  factors: Factors
  personalData: PersonalData
  /** Groups whose members a person adds and removes. */
  managing: Managing
  /** Companies that people sign in for. */
  organizations: Pick<Organizations, 'managing'> & { members: Pick<Organizations['members'], 'ofAccount'> }
  /** The provider that managers of an organization set up. */
  ownProvider: OwnProvider
  /** Attributes that administrators have defined. */
  attributes: Pick<Attributes, 'shownToPerson'>
  lastUses: Pick<LastUses, 'note'>
  /** The apps that an account may use; undefined while the launcher is off. */
  launchableApps(accountId: string): Promise<LaunchableApp[] | undefined>
  /** What happened to the account. */
  activity: Activity
  /** The account, if it and its sign-ins of a generation still count. */
  findLive(accountId: string, generation: number): Promise<Account | undefined>
  firstPartyTokens: Pick<
    FirstPartyTokens<Account>,
    'issue' | 'issueAccessToken' | 'refresh' | 'accept' | 'endFamily' | 'endFamilyOf'
  >
  /** Asks the hooks of a sign-in without a session. @throws AppError sign_in_denied (403) */
  admitSignIn: AdmitSignIn
  sessions: Pick<AuditedSessions, 'current' | 'incomplete' | 'start' | 'verify' | 'end'>
  cookies: Cookies
  mfaTokens: MfaTokens
  /** Whether a browser has shown the mailbox of an account lately. */
  mailboxProof: Pick<MailboxProof, 'holds'>
  /** Who has to have a second factor. */
  secondFactor(): SecondFactorSetting
  /** Whether a sign-in has shown all that its account and the rules ask for. */
  gate: Pick<SignInGate, 'missing'>
  /** What is answered where no code could be sent to a phone. */
  codeNotSent(outcome: NotSent): AppError
  /** … that was not mailed. */
  emailCodeNotSent(outcome: EmailCodeNotSent): AppError
  /** After a second factor was shown. */
  signedIn(account: Account, method: VerificationMethod, request: FastifyRequest): void
  upstream: Pick<Federation, 'start' | 'callback' | 'redeemCode' | 'stillCounts'>
}
