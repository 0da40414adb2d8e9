// What accounts are put together of; what they promise is said in accounts.ts.
import type { KeyObject } from 'node:crypto'
import { type AttributeRules, NO_ATTRIBUTES } from '../shared/attribute-values.ts'
import type { BeforeHooks } from '../shared/before-hook.ts'
import type { Clock } from '../shared/clock.ts'
import type { Secrets } from '../shared/secrets.ts'
import type { Database } from '../storage/database.ts'
import { type AccountRow, toAccount } from './account.ts'
import type { Accounts } from './accounts.ts'
import { createAdministration, type RoleRules } from './administration.ts'
import { createAuthenticate, type ProviderOfDomain } from './authenticate.ts'
import { createCleanup } from './cleanup.ts'
import { createDeletion } from './deletion/deletion.ts'
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
import { createLoginOf } from './login.ts'
import { createNewDevices } from './new-devices/new-devices.ts'
import { createPasskeySignIns } from './passkey-sign-ins.ts'
import { createChangePassword } from './passwords/change.ts'
import { createHasher, type Hasher } from './passwords/hashing.ts'
import {
  createPasswordPolicy,
  minimumLengthOf,
  type PasswordOwner,
  type SecondFactorRequirement,
  serviceWordsOf,
} from './passwords/policy.ts'
import { createPasswordReset } from './passwords/reset.ts'
import type { EstimateStrength } from './passwords/strength.ts'
import { createPictures } from './picture/pictures.ts'
import { createProfile } from './profile.ts'
import { createProvisioning } from './provisioning/provisioning.ts'
import { backfillSearch } from './search/backfill.ts'
import { indexedLetters } from './search/store.ts'
import type { AccountSessions } from './sessions.ts'
import type { AccountSettings } from './settings.ts'
import { createAdmitRegistration } from './sign-up/admit.ts'
import { createInvitations } from './sign-up/invitations.ts'
import { createPrepareAccount } from './sign-up/new-account.ts'
import { createRegister } from './sign-up/register.ts'
import { createRename } from './sign-up/rename.ts'
import { createSetup } from './sign-up/setup.ts'
import { createAccountStore } from './store/store.ts'
import { createOneTimeTokens } from './tokens/one-time-tokens.ts'
import { createTokenStore } from './tokens/store.ts'

export interface AccountsDependencies {
  db: Database
  clock: Clock
  mailer: MailOut
  events: SecurityEvents
  sessions: AccountSessions
  /** At least 256 bits, derived from SECRET_KEY: codes are stored under it. */
  codeKey: KeyObject
  secrets: Pick<Secrets, 'seal' | 'open'>
  /** The base of every link. */
  issuer: string
  settings: AccountSettings
  hasher?: Hasher
  estimateStrength?: EstimateStrength | undefined
  /** Whether a new password is known to be stolen; none is unless given. */
  isStolenPassword?: ((password: string, how: { here: boolean }) => Promise<boolean>) | undefined
  /** A user agent in words; undefined: it is none that people know. Of none, unless given. */
  describeDevice?: ((userAgent: string) => string | undefined) | undefined
  /** A network address with its place; alone, unless given. */
  describeAddress?: ((address: string) => Promise<string>) | undefined
  /** Where the addresses of a domain sign in; nowhere else unless given. @param email in canonical form */
  providerOf?:
    | ((email: string) => Promise<(ProviderOfDomain & { required: boolean }) | undefined>)
    | undefined
  /** Of whom a second factor is required; of nobody unless given. */
  secondFactorRequired?: SecondFactorRequirement | undefined
  /** Judges values of attributes; there are none unless given. */
  attributes?: AttributeRules | undefined
  /** Which roles there are, and who may give them; the built-in ones, by everybody, unless given. */
  roles?: RoleRules | undefined
  /** Asked before a person registers; none unless given. */
  hooks?: BeforeHooks | undefined
}

const BUILT_IN: RoleRules = {
  resolve: async (typed) => typed,
  requireMayGive: async () => undefined,
  nameOf: (role) => role,
  offered: async (role) => (role === 'user' ? undefined : role),
}

export function createAccounts(deps: AccountsDependencies): Accounts {
  const { db, clock, mailer: mail, events, sessions, codeKey, issuer, settings } = deps
  const { secondFactorRequired = () => false, attributes = NO_ATTRIBUTES, roles = BUILT_IN } = deps
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
  const { policy, rate } = createPasswordPolicy({
    rules: settings,
    secondFactorRequired,
    isStolen: deps.isStolenPassword ?? (async () => false),
    serviceWords: serviceWordsOf(issuer),
    estimate: deps.estimateStrength,
  })
  const passwordMinLength = (owner: PasswordOwner) => minimumLengthOf(settings, secondFactorRequired(owner))
  const prepare = createPrepareAccount({ hasher, policy, attributes })
  const loginOf = createLoginOf(settings)
  const providerOf = deps.providerOf ?? (async () => undefined)
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
    loginOf,
    attributes,
    admit: deps.hooks ? createAdmitRegistration(deps.hooks) : async () => undefined,
    refusedDomain: (email: string) => refusedDomain(settings.emailDomains ?? [], email),
  }

  const verification = createVerification({ ...shared, settings })
  const resets = createPasswordReset({
    ...shared,
    passwordMinLength,
    settings,
    loginOf,
  })
  const passwords = createPasswordCheck({ hasher, failures, clock, locked: resets.announceLock })
  const linkedStore = createLinkedStore({ db, clock })
  const invitations = createInvitations({ ...shared, linkedStore, roles })
  const administration = createAdministration({
    ...shared,
    ...{ verification, invitations, roles, linkedStore, secrets: deps.secrets },
  })
  const profile = createProfile({ ...shared, verification })
  const deletion = createDeletion(shared)
  const cleanup = createCleanup(shared)
  const linked = createLinkedSignIns({ ...shared, linkedStore, verification, settings })

  return {
    byId: store.byId,
    ofRow: (row) => toAccount(row as unknown as AccountRow),
    ...createRegister({ ...shared, settings, verification, providerOf }),
    verification,
    authenticate: createAuthenticate({
      ...{ store, passwords, events, loginOf },
      providerOf,
    }),
    passwordMinLength,
    ratePassword: rate,
    forgot: resets.forgot,
    peekReset: resets.peekReset,
    reset: resets.reset,
    sendReset: resets.sendReset,
    letIn: resets.letIn,
    changePassword: createChangePassword({ ...shared, passwords }),
    updateProfile: profile.updateProfile,
    losesVerifiedPhone: profile.losesVerifiedPhone,
    changeEmail: profile.changeEmail,
    changeUsername: createRename(shared),
    dropAddressChange: profile.dropAddressChange,
    createByAdmin: administration.createByAdmin,
    find: administration.find,
    findNamed: administration.findNamed,
    list: administration.list,
    search: administration.search,
    secondFactorShares: store.secondFactorShares,
    stateCounts: () => store.stateCounts(clock()),
    isSearchIndexed: async () => (await indexedLetters(db.reads)) !== 'none',
    backfillSearch: () => backfillSearch(db),
    updateByAdmin: administration.updateByAdmin,
    endSessions: administration.endSessions,
    endOtherSessions: administration.endOtherSessions,
    disable: administration.disable,
    enable: administration.enable,
    wrongPasswords: failures.wrongInARow,
    lockedDevices: failures.lockedDevices,
    unlock: administration.unlock,
    setRole: administration.setRole,
    loseRole: administration.loseRole,
    delete: administration.delete,
    sendInvitation: invitations.sendInvitation,
    withdrawInvitation: invitations.withdrawInvitation,
    invitations,
    linked,
    deletion,
    provisioning: createProvisioning({ ...shared, delete: administration.delete }),
    pictures: createPictures({ ...shared, db, issuer, updateProfile: profile.updateProfile }),
    passkeys: createPasskeySignIns(shared),
    newDevices: createNewDevices({
      ...shared,
      db,
      settings,
      signInMethods: linked.signInMethods,
      sendLetIn: resets.sendLetIn,
      describeDevice: deps.describeDevice ?? (() => undefined),
      describeAddress: deps.describeAddress ?? (async (address) => address),
    }),
    setup: createSetup({ ...shared, createByAdmin: administration.createByAdmin }),
    importUsers: createImport({ ...shared, store: createImportStore({ db, clock }) }),
    purgeUnverified: cleanup.purgeUnverified,
    purgeTokens: cleanup.purgeTokens,
    purge: cleanup.purge,
    hashing: () => hasher.load,
  }
}
