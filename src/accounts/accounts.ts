// Accounts own: who can sign in, by which name and password, whether an address is proven, when somebody is locked out.
// They do not own: sessions and tokens (src/oidc, through AccountSessions), the way a mail goes (src/mail, through
// MailOut), pages and JSON (pages/, src/api), rate limits by network address (src/http).
//
//   register ──> unverified ──(link or code)──> active <──(reset, unlock, time)── locked
//                    │ 7 days                    │  └──(5 wrong passwords)────────┘
//                    └──> purged                 └──(administrator)──> disabled ──> active, or deleted
//
// An address that nobody has proven reserves nothing: any number of accounts may wait for it, one can have it.
import type { Clock } from '../shared/clock.ts'
import type { Database } from '../storage/database.ts'
import { createAdministration } from './administration.ts'
import { createAuthenticate } from './authenticate.ts'
import { createCleanup } from './cleanup.ts'
import { refusedDomain } from './email/domains.ts'
import { createLinks } from './email/links.ts'
import type { MailOut } from './email/mail-out.ts'
import { createVerification } from './email/verification.ts'
import type { SecurityEvents } from './events.ts'
import { createImport } from './import/import.ts'
import { createImportStore } from './import/store.ts'
import { createLinkedSignIns } from './linked/linked-sign-ins.ts'
import { createLinkedStore } from './linked/store.ts'
import { createPasswordCheck } from './lockout/password-check.ts'
import { createFailureStore } from './lockout/store.ts'
import { createChangePassword } from './passwords/change.ts'
import { createHasher, type Hasher } from './passwords/hashing.ts'
import { createPasswordPolicy } from './passwords/policy.ts'
import { createPasswordReset } from './passwords/reset.ts'
import { createProfile } from './profile.ts'
import type { AccountSessions } from './sessions.ts'
import type { AccountSettings } from './settings.ts'
import { createInvitations } from './sign-up/invitations.ts'
import { createPrepareAccount } from './sign-up/new-account.ts'
import { createRegister } from './sign-up/register.ts'
import { createSetup } from './sign-up/setup.ts'
import { createAccountStore } from './store.ts'
import { createOneTimeTokens } from './tokens/one-time-tokens.ts'
import { createTokenStore } from './tokens/store.ts'

export interface AccountsDependencies {
  db: Database
  clock: Clock
  mailer: MailOut
  events: SecurityEvents
  sessions: AccountSessions
  /** At least 256 bits, derived from SECRET_KEY: codes are stored under it. */
  codeKey: Uint8Array
  /** The base of every link. */
  issuer: string
  settings: AccountSettings
  hasher?: Hasher
}

export function createAccounts(deps: AccountsDependencies) {
  const { db, clock, mailer: mail, events, sessions, codeKey, issuer, settings } = deps
  const store = createAccountStore({ db, clock })
  const tokenStore = createTokenStore({ db, clock })
  const tokens = createOneTimeTokens({ store: tokenStore, clock, codeKey })
  const failures = createFailureStore({
    db,
    clock,
    settings,
  })
  const hasher = deps.hasher ?? createHasher({ clock })
  const links = createLinks(issuer)
  const host = new URL(issuer).hostname
  const policy = createPasswordPolicy({
    get minimumLength() {
      return settings.passwordMinLength
    },
    serviceWords: ['latchkey', host, ...host.split('.').filter((label) => label.length > 3)],
  })
  const prepare = createPrepareAccount({ hasher, policy })
  const shared = {
    prepare,
    store,
    tokens,
    tokenStore,
    failures,
    hasher,
    policy,
    sessions,
    mail,
    links,
    events,
    clock,
    refusedDomain: (email: string) => refusedDomain(settings.emailDomains ?? [], email),
  }

  const verification = createVerification({ ...shared, settings })
  const { announceLock, ...resets } = createPasswordReset({
    ...shared,
    settings,
  })
  const passwords = createPasswordCheck({ hasher, failures, clock, locked: announceLock })
  const linkedStore = createLinkedStore({ db, clock })
  const invitations = createInvitations({ ...shared, linkedStore })
  const administration = createAdministration({ ...shared, verification, invitations })
  const { queue: _, requireSendable: __, ...verifying } = verification

  return {
    /** The hot read: about 10 µs. */
    byId: store.byId,
    register: createRegister({ ...shared, settings, verification }),
    verification: verifying,
    authenticate: createAuthenticate({ store, passwords, events }),
    ...resets,
    changePassword: createChangePassword({ ...shared, passwords }),
    ...createProfile({ ...shared, verification }),
    ...administration,
    sendInvitation: invitations.sendInvitation,
    withdrawInvitation: invitations.withdrawInvitation,
    invitations: invitations.invitations,
    linked: createLinkedSignIns({
      ...shared,
      linkedStore,
      verification,
      settings,
    }),
    setup: createSetup({ ...shared, createByAdmin: administration.createByAdmin }),
    importUsers: createImport({ ...shared, store: createImportStore({ db, clock }) }),
    ...createCleanup(shared),
    /** Password checks running and waiting, for metrics. */
    hashing: () => hasher.load,
  }
}

export type Accounts = ReturnType<typeof createAccounts>
