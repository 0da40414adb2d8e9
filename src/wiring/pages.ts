import type { FastifyInstance } from 'fastify'
import { canonicalEmail } from '../accounts/email/address.ts'
import { createSignedIn, frameOf } from '../accounts/pages/account/signed-in.ts'
import type { Sessions } from '../accounts/pages/dependencies.ts'
import { createKnownName } from '../accounts/pages/known-name.ts'
import { accountPages } from '../accounts/pages/routes.ts'
import { createSignInForm } from '../accounts/pages/sign-in-form.ts'
import { themeRoutes } from '../branding/routes.ts'
import { loginVerifyRoutes } from '../factors/pages/login-verify.ts'
import { createMailboxProof } from '../factors/pages/mailbox-proof.ts'
import { createPasskeyBinding } from '../factors/pages/passkey-binding.ts'
import { createPasskeyOffers } from '../factors/pages/passkey-offers.ts'
import { createPasskeySignInForm } from '../factors/pages/passkey-sign-in.ts'
import { addForm, passkeysSection } from '../factors/pages/passkeys-section.ts'
import { recoveryRoutes } from '../factors/pages/recovery.ts'
import { recoveryLinkRoutes } from '../factors/pages/recovery-links.ts'
import { relatedOriginsRoute } from '../factors/pages/related-origins.ts'
import { createRememberedCookie } from '../factors/pages/remembered-cookie.ts'
import { factorPages } from '../factors/pages/routes.ts'
import { createSection } from '../factors/pages/section.ts'
import { setUpPath, setUpRoutes } from '../factors/pages/set-up.ts'
import { createVerifyForm, reportVerified } from '../factors/pages/verify-form.ts'
import { createOfferedProviders } from '../federation/pages/offered.ts'
import { confirmRoutes } from '../http/forms/confirm.ts'
import type { Http } from '../http/http.ts'
import { homeRoute } from '../http/pages/home.ts'
import { deviceRoutes } from '../interactions/device-routes.ts'
import { interactionRoutes } from '../interactions/routes.ts'
import { clientOfInteraction } from '../oidc/authorization/client-of-interaction.ts'
import { createConnectedApps } from '../oidc/consent/connected-apps.ts'
import { openDecision } from '../oidc/device/decision.ts'
import { openDone } from '../oidc/device/pages.ts'
import { describeDevice } from '../oidc/device/words.ts'
import { describeUserAgent, listDevices } from '../oidc/sessions/devices.ts'
import { registrationRoutes } from '../registration/routes.ts'
import type { Services } from '../services.ts'
import { epochSeconds } from '../shared/clock.ts'
import { isFresh } from '../shared/fresh-sign-in.ts'
import { needsMailbox } from '../shared/second-factor-rule.ts'
import { openPersonalData } from './personal-data.ts'
import type { WiredProtocol } from './protocol.ts'

/** Every page that people see, on the services and the protocol. */
export async function wirePages(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { browser, deviceVerification, interactions, remembered, sessions, ...protocol }: WiredProtocol,
): Promise<void> {
  const { accounts, artifacts, clock, config, event, factors, findClient, providers } = services
  const { values } = services.settings
  const issuer = new URL(config.issuer)
  const verified = reportVerified(event)
  const rememberedCookie = createRememberedCookie({ ...http, browsers: factors.rememberedBrowsers })
  const offered = createOfferedProviders({
    providers: providers.enabled,
    artifacts,
    clock,
    signInMethods: accounts.linked.signInMethods,
  })
  const providerOfName = async (typed: string) => {
    const email = canonicalEmail(typed)
    return email === undefined ? undefined : services.organizations.signIn.ofEmail(email)
  }
  const signInForm = createSignInForm({
    accounts,
    settings: values,
    browser,
    names: createKnownName(http.sealed),
    accountsHere: remembered,
    providerOf: providerOfName,
    waysOf: offered.waysOf,
    devices: http.devices,
    gate: services.signInGate,
    remembered: rememberedCookie,
  })
  const binding = createPasskeyBinding(http.cookies)
  const passkeyForm = createPasskeySignInForm({
    passkeys: factors.passkeys,
    accounts: accounts.passkeys,
    binding,
    browser,
    clock,
  })
  const verifyForm = createVerifyForm({
    factors,
    passkeys: factors.passkeys,
    binding,
    browsers: rememberedCookie,
    phones: factors.phones,
    recoveryCodesLeft: factors.recoveryCodes.left,
    sendEmailCode: (accountId) => factors.emailCodes.send(accountId),
    resendCountdowns: factors.resendCountdowns,
    clock,
    verified,
  })
  const mailboxProof = createMailboxProof(http)
  const passkeyOffers = createPasskeyOffers({
    cookies: http.cookies,
    artifacts,
    passkeys: factors.passkeys,
  })

  const appOf = clientOfInteraction({ artifacts, findClient })
  const pageSessions: Sessions = {
    ...sessions,
    signOut: sessions.end,
    list: async (accountId) => listDevices(services, await accounts.byId(accountId)),
    end: protocol.endDevice,
  }

  await app.register(accountPages, {
    clock,
    issuer,
    http,
    accounts,
    browser,
    signInForm,
    passkeyForm,
    passkeyOffers,
    remembered,
    verifyForm,
    passkeysSection: (signed) =>
      passkeysSection(
        factors.passkeys,
        signed,
        isFresh(clock, signed.session.freshAt) && !needsMailbox(signed.account, signed.session.amr),
      ),
    sessions: pageSessions,
    apps: createConnectedApps(services),
    launchableApps: services.launchableApps,
    managing: services.access.managing,
    organizations: services.organizations,
    ownProvider: services.ownProvider,
    attributeForm: services.attributes.form,
    secondFactors: createSection(factors, describeUserAgent),
    recovery: factors.recovery,
    phones: factors.phones,
    resendCountdowns: factors.resendCountdowns,
    personalData: openPersonalData(services),
    activity: services.activity,
    appOf,
    get registration() {
      return values.registration
    },
    upstream: offered,
  })
  await app.register(async (scope) => {
    await http.forms(scope)
    await confirmRoutes(scope, { interrupted: http.interrupted, ownerOf: sessions.ownerOf })
  })
  await app.register(loginVerifyRoutes, {
    ...{ issuer, http, sessions, verifyForm },
    findAccount: accounts.byId,
    gate: services.signInGate,
  })
  const recovering = { http, sessions, findAccount: accounts.byId, recovery: factors.recovery }
  await app.register(recoveryRoutes, {
    ...recovering,
    ...{ issuer, appOf },
    delay: () => values.recoveryDelayHours,
    describeBrowser: describeUserAgent,
  })
  await app.register(recoveryLinkRoutes, { ...recovering, ...http, clock, mailboxProof })
  await app.register(interactionRoutes, {
    interactions,
    verifyForm,
    setUpPath,
    signInForm,
    passkeyForm,
    http,
    secure: issuer.protocol === 'https:',
    get registration() {
      return values.registration
    },
    providers: (interaction, again) => offered.buttons({ interaction, again }),
    organizations: {
      exist: services.organizations.exist,
      ofOrganization: services.organizations.signIn.ofOrganization,
      ofHint: providerOfName,
    },
    providerButton: (to, interaction) => offered.button(to, { interaction }),
    upstreamProblem: offered.problem,
    signedInAs: async (request, reply) => (await sessions.current(request, reply))?.accountId,
    findAccount: accounts.byId,
    get accessContact() {
      return values.accessContact
    },
    describeAccess: protocol.describeRequestedAccess,
    describeDevice: (device) => describeDevice(device, epochSeconds(clock)),
  })
  await app.register(deviceRoutes, {
    issuer: config.issuer,
    http,
    verification: deviceVerification,
    signedInAs: async (request, reply) => (await sessions.current(request, reply))?.accountId,
    missed: () => event({ type: 'device.code_unknown' }),
    openDecision: (value, accountId) => openDecision(http.sealed, value, accountId),
    openDone: (value) => openDone(http.sealed, value),
  })
  await app.register(setUpRoutes, {
    clock,
    issuer,
    http,
    factors,
    sessions,
    findAccount: accounts.byId,
    appOf,
    mailboxProof,
    passkeyForm: (signed) => addForm(factors.passkeys, signed),
  })
  await app.register(factorPages, {
    clock,
    issuer,
    http,
    factors,
    signedIn: createSignedIn({
      ...{ accounts, clock, http },
      sessions: pageSessions,
      recovery: factors.recovery,
      phones: factors.phones,
      managing: services.access.managing,
      organizations: services.organizations,
      attributeForm: services.attributes.form,
    }),
    frame: (signed, said) => frameOf(signed, '/account/security', said),
    secondFactor: () => values.secondFactor,
    ownerOf: sessions.ownerOf,
    mailboxProof,
    verified: sessions.verify,
    offers: passkeyOffers,
    describeDevice: describeUserAgent,
  })
  await app.register(relatedOriginsRoute, { passkeys: factors.passkeys, settings: values })
  themeRoutes(app, services.branding)
  homeRoute(app, {
    async accountOf(request, reply) {
      const session = await sessions.current(request, reply)
      const account = session && (await accounts.byId(session.accountId))
      if (account) http.language.ofAccount(request, account.locale)
      return account
    },
    registration: () => values.registration,
    hasAdministrator: accounts.setup.isDone,
  })
}

/** The endpoints where clients register themselves, which are not there while that is switched off. */
export async function wireRegistration(app: FastifyInstance, http: Http, services: Services): Promise<void> {
  const { config, registration } = services
  await app.register((scope) =>
    registrationRoutes(scope, { registration, issuer: new URL(config.issuer), limit: http.limit }),
  )
}
