import type { Managing } from '../../access/managing.ts'
import type { AttributeForm } from '../../attributes/form.ts'
import type { Activity } from '../../audit/activity.ts'
import type { PasskeyOffers } from '../../factors/pages/passkey-offers.ts'
import type { PasskeySignInForm } from '../../factors/pages/passkey-sign-in.ts'
import type { PasskeysSection } from '../../factors/pages/passkeys-section.ts'
import type { SecondFactorsSection } from '../../factors/pages/section.ts'
import type { VerifyForm } from '../../factors/pages/verify-form.ts'
import type { Recovery } from '../../factors/recovery/recovery.ts'
import type { OfferedProviders } from '../../federation/pages/offered.ts'
import type { RememberedAccounts } from '../../http/cookies/remembered-accounts.ts'
import type { Http } from '../../http/http.ts'
import type { ShownClient } from '../../http/pages/pages.ts'
import type { LaunchableApp } from '../../oidc/app-access/launchable.ts'
import type { ConnectedApps } from '../../oidc/consent/connected-apps.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import type { Organizations } from '../../organizations/organizations.ts'
import type { OwnProvider } from '../../organizations/own-provider/own-provider.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Account } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import type { PersonalData } from '../personal-data/export.ts'
import type { Signed } from './account/signed-in.ts'
import type { BrowserState } from './browser-state.ts'
import type { SignInForm } from './sign-in-form.ts'

/** The browser's sign-in session, and the others of its account. */
export interface Sessions
  extends Pick<AuditedSessions, 'current' | 'incomplete' | 'start' | 'ownerOf' | 'endOthers'> {
  list(
    accountId: string,
  ): Promise<{ uid: string; device: string; detail: string; lastActive?: string | undefined }[]>
  end(accountId: string, uid: string, by: { own: boolean }): Promise<void>
  /** Ends the session of this browser. */
  signOut: AuditedSessions['end']
}

export interface AccountPagesDependencies {
  clock: Clock
  issuer: URL
  http: Http
  accounts: Pick<
    Accounts,
    | 'byId'
    | 'register'
    | 'registerInvited'
    | 'delete'
    | 'authenticate'
    | 'verification'
    | 'invitations'
    | 'setup'
    | 'passwordMinLength'
    | 'ratePassword'
    | 'forgot'
    | 'peekReset'
    | 'reset'
    | 'changePassword'
    | 'updateProfile'
    | 'losesVerifiedPhone'
    | 'changeEmail'
    | 'changeUsername'
    | 'endSessions'
    | 'dropAddressChange'
    | 'deletion'
    | 'pictures'
    | 'newDevices'
  >
  browser: BrowserState
  signInForm: SignInForm
  /** Signing in by a passkey. */
  passkeyForm: PasskeySignInForm
  /** What the page on security shows of passkeys. Undefined: none work here. */
  passkeysSection(signed: Signed): Promise<PasskeysSection | undefined>
  /** Accounts that have signed in in a browser. */
  remembered: Pick<RememberedAccounts, 'forget'>
  passkeyOffers: Pick<PasskeyOffers, 'onTheWay'>
  sessions: Sessions
  apps: ConnectedApps
  /** The apps that an account may use; undefined while the launcher is off. */
  launchableApps(accountId: string): Promise<LaunchableApp[] | undefined>
  /** Groups whose members a person adds and removes. */
  managing: Managing
  /** Companies that people sign in for. */
  organizations: Pick<Organizations, 'exist'> & {
    members: Pick<Organizations['members'], 'isMember' | 'ofAccount' | 'membership'>
    managing: Organizations['managing']
    invitations: Pick<Organizations['invitations'], 'peek' | 'accept'>
  }
  /** The provider that managers of an organization set up. */
  ownProvider: OwnProvider
  /** Attributes that administrators have defined, as forms have them. */
  attributeForm: AttributeForm
  /** What the page on security shows of second factors. */
  secondFactors(account: Account): Promise<SecondFactorsSection>
  /** The second factor of a person whose account waits to be deleted. */
  verifyForm: Pick<VerifyForm, 'page' | 'check' | 'send'>
  /** The removal of second factors that a person may not have asked for. */
  recovery: Pick<Recovery, 'waiting' | 'stop'>
  /** Codes by SMS. */
  phones: { readonly on: boolean }
  /** The minute after a message that proves an address. */
  resendCountdowns: {
    begin(accountId: string, sending: 'verification'): Promise<void>
    left(accountId: string, sending: 'verification'): Promise<number | undefined>
  }
  personalData: PersonalData
  /** What happened to the account. */
  activity: Activity
  /** The app that a sign-in is for; undefined: it is over, or never was. @param interaction its uid */
  appOf(interaction: string): Promise<ShownClient | undefined>
  registration: 'open' | 'closed'
  /** Signing in at a provider, as these pages show it. */
  upstream: OfferedProviders
}
