import type { FormField } from '../../shared/profile/fields.ts'
import type { QrCode } from './qr.ts'

/** What every form gets. */
export interface Form {
  /** Where it is posted. */
  action: string
  /** What was typed before, by field name; never passwords. */
  values?: Record<string, string> | undefined
  /** What is wrong, by field name. */
  errors?: Record<string, string> | undefined
  /** What is wrong with the form as a whole (“Wrong password”). */
  alert?: string | undefined
}

/** The application a person is on the way to. */
export interface ClientView {
  name: string
  logoUri?: string | undefined
  clientUri?: string | undefined
  policyUri?: string | undefined
  tosUri?: string | undefined
  /** Nobody who runs this server has looked at it. */
  unverified?: boolean | undefined
  /** Where the document is that it is known by. */
  documentHost?: string | undefined
}

/** A form that is one button. */
export interface ButtonForm {
  action: string
  fields?: Record<string, string> | undefined
}

/** A button “Continue with {name}”. */
export interface ProviderButton extends ButtonForm {
  name: string
  /** The name of a drawing (HttpOptions.icons); without one, a door is drawn. */
  icon?: string | undefined
}

/** A link that leads on. */
export interface Link {
  href: string
  label: string
}

export interface SignInPage extends Form {
  client?: ClientView | undefined
  /** A device asks (RFC 8628): there is no app to go back to. */
  device?: boolean
  providers: ProviderButton[]
  /** Undefined: registration is closed. */
  registerHref?: string | undefined
  forgotHref: string
  /** Goes back to the client with access_denied, or to where the code of a device is entered. */
  cancel?: ButtonForm | undefined
  /** The page to go back to, for whoever was to sign in once more and does not. */
  leave?: string | undefined
  notice?: string | undefined
}

export interface SelectAccountPage extends Pick<ConsentPage, 'client' | 'account' | 'switchAccount'> {
  /** Takes “Continue as …”. */
  action: string
  cancel: ButtonForm
}

export interface ConsentPage extends Form {
  client: ClientView
  /** Who is signed in. */
  account: { username: string; email?: string | undefined }
  /** Undefined: the app asks for this account. */
  switchAccount?: ButtonForm | undefined
  /** What is asked for, in words. */
  scopes: { title: string; detail?: string | undefined }[]
  /** Where the person is sent on to: the host of a website, or an app by its scheme (with a colon). Undefined: nowhere. */
  leadsTo?: { website: string } | { appScheme: string } | undefined
}

/** The consent of a device that shows a code (RFC 8628 §3.3). */
export interface DeviceConfirmPage extends ConsentPage {
  device: {
    /** “curl”, “Firefox on Linux” */
    name: string
    address: string
    /** “2 minutes ago” */
    since: string
  }
}

/** Where the code of a device is entered. */
export interface DeviceCodePage extends Form {
  /** The code came along in a link, and has to be compared. */
  fromLink: boolean
  notice?: string | undefined
  /** How to go on elsewhere. It says the same of every code, whether there is one or not. */
  phone?:
    | {
        /** Without its scheme, as people type it: id.example/device */
        address: string
        /** As its device shows it. */
        code: string
        /** Opens the page with the code (RFC 8628 §3.2, `verification_uri_complete`). */
        qr: QrCode
      }
    | undefined
}

export interface DeviceDonePage {
  app: string
  outcome: 'approved' | 'denied'
}

export interface RegisterPage extends Form {
  /** Fields for the person's names. */
  names: readonly FormField[]
  client?: ClientView | undefined
  providers: ProviderButton[]
  signInHref: string
  passwordMinLength: number
}

export interface VerifyEmailPage extends Form {
  /** Where the message went. */
  email?: string | undefined
  /** Set when the page was opened from the link in the message: one button, no field. */
  token?: string | undefined
  /** Whose address it becomes, and since when there is that account; with `token`. */
  owner?: { username: string; since: string } | undefined
  /** “This is not my account”; with `token`. */
  refuse?: ButtonForm | undefined
  resend?: ButtonForm | undefined
  /** Another address instead, while this one is not verified. */
  change?: Form | undefined
  notice?: string | undefined
  /** Where one may go without verifying now. */
  later?: Link | undefined
}

export interface ResetPasswordPage extends Form {
  token: string
  /** For password managers, which file the new password under it. */
  username?: string | undefined
  passwordMinLength: number
}

export interface InvitationPage extends Form {
  token: string
  /** The host of this server. */
  service: string
  invitedBy: string
  username: string
  email: string
  /** “an administrator”; undefined: an ordinary account. */
  role?: string | undefined
  passwordMinLength: number
  providers: ProviderButton[]
}

export interface SessionView extends ButtonForm {
  /** “Firefox on Linux” */
  device: string
  /** “Signed in on 3 November 2026 from 192.0.2.1” */
  detail: string
  current: boolean
}

export interface ConnectedAppView extends ButtonForm {
  client: ClientView
  scopes: string[]
  detail?: string | undefined
}

export interface LinkedSignInView {
  name: string
  /** As in ProviderButton. */
  icon?: string | undefined
  detail?: string | undefined
  /** The provider is switched off: nobody signs in that way now. */
  off?: boolean | undefined
  /** Undefined: it is the only way to sign in, and stays. */
  remove?: ButtonForm | undefined
}

export interface AccountPage {
  username: string
  email?: string | undefined
  pendingEmail?: string | undefined
  verifyHref?: string | undefined
  notice?: string | undefined
  profile: Form & { fields: readonly FormField[] }
  /** Undefined: this account has no password and signs in elsewhere. */
  password?: (Form & { passwordMinLength: number; forgotHref: string }) | undefined
  sessions: SessionView[]
  signOutOthers?: ButtonForm | undefined
  apps: ConnectedAppView[]
  linked: LinkedSignInView[]
  linkable: ProviderButton[]
  /** A message with a link that sets the first password. */
  setPassword?: ButtonForm | undefined
  alert?: string | undefined
  signOut: ButtonForm
  adminHref?: string | undefined
}

/** What a provider did not tell about somebody new. */
export interface FinishPage extends Form {
  provider: string
  /** What the provider calls them. */
  upstreamName?: string | undefined
  /** The address that the provider vouches for; undefined: it has to be typed and verified. */
  email?: string | undefined
  signInHref: string
}

/** The address that a provider vouches for is an account's: its owner proves the account. */
export interface LinkPage extends Form {
  provider: string
  email: string
  /** Whether the account has a password. */
  password: boolean
  /** Sign-ins that are linked to the account. */
  providers: ProviderButton[]
  forgotHref: string
  cancelHref: string
}

export interface LogoutPage extends ButtonForm {
  /** The client that asks for it. */
  client?: ClientView | undefined
  username?: string | undefined
  /** Sent by “Sign out”; “Stay signed in” sends the same form without it. */
  confirm: { name: string; value: string }
}

/** A sign-out that an app asked for wrongly. */
export interface SignOutRefusedPage {
  /** Absent: nobody is signed in. */
  signedIn?: (ButtonForm & { username: string; confirm: { name: string; value: string } }) | undefined
  error: string
  description?: string | undefined
  requestId: string
  client?: ClientView | undefined
}

export interface ProtocolErrorPage {
  /** “Sign-in could not go on”, or what else could not. */
  title: string
  /** In words for the person. */
  message: string
  /** The OAuth error code, and what the protocol says about it, for the app's developer. */
  error: string
  description?: string | undefined
  requestId: string
  client?: ClientView | undefined
  /** Where an administrator who is signed in reads what was wrong. */
  explanation?: string | undefined
  /** The way out. */
  wayOut?: Link | undefined
}

export interface HttpErrorPage {
  status: number
  message: string
  requestId: string
  /** The page with the form that was refused. */
  wayBack?: string | undefined
  /** Where to go on instead, when that form leads nowhere. */
  leadsTo?: Link | undefined
}

/** Text of an API's document, cut where its `code` begins and ends. */
export type DocumentText = readonly { text: string; code: boolean }[]

export interface ApiDocsPage {
  title: string
  about: { paragraph?: DocumentText; list?: DocumentText[] }[]
  /** The same as a document for programs. */
  documentHref: string
  groups: { name: string; operations: ApiOperationView[] }[]
}

export interface ApiOperationView {
  id: string
  method: string
  path: string
  summary: string
  description: DocumentText
  /** Who may call it, in words. */
  access: string
  /** A command line that calls it. */
  example: string
  answers: { status: string; description: DocumentText }[]
}

/** Every view and what it is given. A view is views/{name}.eta. */
export interface Pages {
  'interaction/sign-in': SignInPage
  'interaction/consent': ConsentPage
  'interaction/select-account': SelectAccountPage
  'device/code': DeviceCodePage
  'device/confirm': DeviceConfirmPage
  'device/done': DeviceDonePage
  /** A flow that is over. */
  'interaction/over': {
    app: string
    home?: string | undefined
    /** The person has done their part. */
    done: boolean
    /** Nothing was done, as the person wished. With `done`: of a device, the code is free again. */
    cancelled?: boolean | undefined
    /** They said no, and went on. */
    refused?: boolean | undefined
    /** It is a device that asked. */
    device?: boolean | undefined
  }
  'accounts/register': RegisterPage
  'accounts/verify-email': VerifyEmailPage
  'accounts/email-verified': { next: Link }
  'accounts/email-refused': { username: string; email: string }
  'accounts/forgot-password': Form & { signInHref: string }
  'accounts/forgot-sent': { email: string; signInHref: string; retryHref: string }
  'accounts/reset-password': ResetPasswordPage
  'accounts/reset-done': { next: Link }
  'accounts/invitation': InvitationPage
  'accounts/invitation-expired': Record<string, never>
  'accounts/reset-expired': { retryHref: string; signInHref: string }
  'accounts/account': AccountPage
  'accounts/setup': Form & { token: string; passwordMinLength: number }
  'federation/finish': FinishPage
  'federation/link': LinkPage
  'federation/code': { code: string; minutes: number }
  'oidc/logout': LogoutPage
  'oidc/logged-out': { client?: ClientView | undefined; next?: Link | undefined }
  'oidc/still-signed-in': { client?: ClientView | undefined; username: string; next: Link }
  'oidc/sign-out-refused': SignOutRefusedPage
  'oidc/error': ProtocolErrorPage
  'api/docs': ApiDocsPage
  'http/error': HttpErrorPage
  'http/home': {
    signedInAs?: string | undefined
    registerHref?: string | undefined
    /** For those who may see it. */
    consoleHref?: string | undefined
  }
}
