import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { KnownDevices } from '../../http/cookies/known-devices.ts'
import type { RememberedAccounts } from '../../http/cookies/remembered-accounts.ts'
import { parseForm, shownAgain } from '../../http/forms/forms.ts'
import type { ProviderButton } from '../../http/pages/pages.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { addMethods } from '../../shared/acr.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import type { SignInGate } from '../../shared/second-factor-rule.ts'
import type { Account } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import type { ProviderOfDomain } from '../authenticate.ts'
import type { BrowserState } from './browser-state.ts'
import type { KnownName } from './known-name.ts'
import type { ChosenAccount, SignInPage } from './login.ts'

/** Where a sign-in at a provider leads back to. */
type Where = { interaction?: string | undefined; returnTo?: string | undefined; again?: boolean }

export type SignInOutcome =
  | {
      kind: 'signed_in'
      accountId: string
      generation: number
      amr: string[]
      /** The account, and the rules for it, ask for no more. */
      complete: boolean
      /** When a second factor was shown, in seconds since the epoch. */
      verifiedAt?: number
    }
  /** The email address has to be verified first, or the account waits to be deleted: the page to go to. */
  | { kind: 'verify'; location: string }
  /** The name alone was asked for, and given: the page that asks for the rest. */
  | { kind: 'named'; name: string }
  /** The address signs in at a provider: nothing was checked. */
  | { kind: 'at_provider'; provider: ProviderOfDomain }
  | {
      kind: 'refused'
      status: number
      values: Record<string, string>
      errors: Record<string, string>
      alert?: string
      /** A passkey that no account has, for the browser to forget: UnknownCredentialOptions in JSON. */
      forgetPasskey?: string
    }

const typed = z.object({
  identifier: z
    .string(saying('signIn.identifier.enter'))
    .trim()
    .min(1, saying('signIn.identifier.enter'))
    .max(320, saying('signIn.identifier.tooLong')),
  password: z
    .string(saying('signIn.password.enter'))
    .min(1, saying('signIn.password.enter'))
    .max(1024, saying('signIn.password.tooLong')),
})

/** As the first page sends it, where the name is asked for by itself. */
const named = typed.pick({ identifier: true })

/** One text for an unknown user, a wrong password, a locked and a disabled account (ASVS 6.3.8). */
const REFUSED = 'signIn.refused'

/** What the sign-in form does, on `/login` and inside an interaction alike. */
export interface SignInForm {
  /** Whether a phone number is a name to sign in by. */
  readonly byPhone: boolean
  /**
   * What the form asks for, and whose it is. It goes by what was typed alone, in the same statements for every name.
   * @param shown what the form was sent with, and what is wrong with it @param hint a name that the app says
   * @returns provider: where addresses of that domain sign in
   */
  asks(
    request: FastifyRequest,
    shown: Pick<SignInPage, 'values' | 'errors'>,
    hint?: string,
  ): Promise<
    Pick<SignInPage, 'asks' | 'name' | 'values'> & {
      provider?: (ProviderOfDomain & { required: boolean }) | undefined
    }
  >
  /** The page for the person who is signed in here and signs in again: with what their account has. */
  again(
    account: Pick<Account, 'id' | 'displayUsername' | 'secondFactors'>,
    page: SignInPage,
    where: Where,
  ): Promise<SignInPage>
  /**
   * The page with the accounts that have signed in in this browser, and the way that was used last.
   * @param path of the page
   */
  remembered(request: FastifyRequest, page: SignInPage, path: string): SignInPage
  /** Accounts to choose from, but for one that is shown already. @param path of the page */
  choices(request: FastifyRequest, path: string, but?: string): ChosenAccount[]
  /** The address of a page of the sign-in, for a person of this name; an empty one is asked for. */
  pageFor: KnownName['on']
  /** The links of the second page to the first one. @param path of the page */
  firstPage(path: string): Pick<SignInPage, 'notYouHref' | 'otherWaysHref'>
  /**
   * Checks what was typed and says what to answer; the caller starts the session.
   * @param interaction uid of the one that the form is a step of @param options.again the person confirms that it is them: a
   *   remembered browser does not stand in for the second factor
   * @throws AppError `overloaded` (503)
   */
  submit(
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: string | undefined,
    options?: { again?: boolean },
  ): Promise<SignInOutcome>
}

export function createSignInForm(deps: {
  accounts: Pick<Accounts, 'authenticate'>
  /** Read at each use. */
  settings: { readonly phoneSignIn: 'off' | 'on'; readonly identifierFirst: 'off' | 'on' }
  names: KnownName
  accountsHere: Pick<RememberedAccounts, 'of'>
  /** Where the addresses of a domain sign in. @param typed an address, or another name */
  providerOf(typed: string): Promise<(ProviderOfDomain & { required: boolean }) | undefined>
  /** How an account signs in: whether by a password, and at which providers. */
  waysOf(accountId: string, where: Where): Promise<{ password: boolean; providers: ProviderButton[] }>
  browser: Pick<BrowserState, 'verifyFirst' | 'askWhetherToKeep'>
  devices: Pick<KnownDevices, 'of'>
  gate: Pick<SignInGate, 'missing'>
  /** Browsers in which the second factor need not be shown again. */
  remembered: {
    recognises(request: FastifyRequest, account: { id: string; generation: number }): Promise<boolean>
  }
}): SignInForm {
  const choices: SignInForm['choices'] = (request, path, but) =>
    deps.accountsHere
      .of(request)
      .filter(({ name }) => name !== but)
      .map(({ name }) => ({
        name,
        href: deps.names.on(path, name),
        forget: { action: '/login/accounts/forget', fields: { name, return_to: path } },
      }))
  return {
    choices,

    remembered(request, page, path) {
      const here = deps.accountsHere.of(request)
      const way = (page.name === undefined ? here[0] : here.find(({ name }) => name === page.name))?.way
      return {
        ...page,
        ...(page.name === undefined && { accounts: choices(request, path) }),
        lastByPasskey: way === 'passkey',
        providers: page.providers.map((each) => ({ ...each, last: each.action === `/login/${way}` })),
      }
    },

    get byPhone() {
      return deps.settings.phoneSignIn === 'on'
    },

    pageFor: deps.names.on,

    firstPage(path) {
      const href = deps.names.on(path, '')
      return { notYouHref: href, otherWaysHref: href }
    },

    async asks(request, { values, errors }, hint) {
      const first = deps.settings.identifierFirst === 'on'
      const given = deps.names.of(request)
      const typed = values?.identifier
      const name = typed !== undefined && (first || given) ? typed : (given ?? (first ? hint : undefined))
      if (name && errors?.identifier === undefined)
        return { asks: 'password', name, provider: await deps.providerOf(name) }
      if (first) return { asks: 'identifier' }
      return {
        asks: 'both',
        ...(hint !== undefined && given === undefined && { values: { identifier: hint } }),
      }
    },

    async again({ id, displayUsername, secondFactors }, page, where) {
      const { password, providers } = await deps.waysOf(id, where)
      const passkey = secondFactors.includes('passkey') ? page.passkey : undefined
      const theirs = {
        ...page,
        name: displayUsername,
        registerHref: undefined,
        organizationHref: undefined,
        notYouHref: undefined,
        otherWaysHref: undefined,
        // To be seen, and to be changed: password managers and programs fill in both fields of a sign-in.
        values: { identifier: displayUsername, ...page.values },
      }
      // Nothing of it is switched on: everything is better than nothing.
      if (!password && passkey === undefined && providers.length === 0) return { ...theirs, asks: 'both' }
      return { ...theirs, asks: password ? 'both' : 'nothing', passkey, providers }
    },

    async submit(request, reply, interaction, { again = false } = {}) {
      const body = request.body as { password?: unknown } | undefined
      if (deps.settings.identifierFirst === 'on' && body?.password === undefined) {
        const name = parseForm(named, body)
        if (!name.ok) return { kind: 'refused', status: 422, values: name.values, errors: name.errors }
        await giveBack(request)
        return { kind: 'named', name: name.value.identifier }
      }
      const form = parseForm(typed, body)
      if (!form.ok) return { kind: 'refused', status: 422, values: form.values, errors: form.errors }
      const outcome = await deps.accounts.authenticate({
        ...form.value,
        address: request.ip,
        devices: deps.devices.of(request),
        remembers: again ? undefined : (account) => deps.remembered.recognises(request, account),
      })
      switch (outcome.kind) {
        case 'ok': {
          await giveBack(request)
          const { id: accountId, generation } = outcome.account
          const amr = outcome.remembered ? addMethods(['pwd'], ['rba']) : ['pwd']
          const complete = deps.gate.missing(amr, outcome.account) === undefined
          return { kind: 'signed_in', accountId, generation, amr, complete }
        }
        case 'unverified': {
          await giveBack(request)
          return {
            kind: 'verify',
            location: deps.browser.verifyFirst(reply, outcome.account, interaction),
          }
        }
        case 'leaving': {
          await giveBack(request)
          const location = deps.browser.askWhetherToKeep(reply, outcome.leaving, {
            amr: ['pwd'],
            interaction,
          })
          return { kind: 'verify', location }
        }
        case 'at_provider':
          await giveBack(request)
          return outcome
        case 'refused':
          return {
            kind: 'refused',
            status: 401,
            values: shownAgain(request.body),
            errors: {},
            alert: t(REFUSED),
          }
      }
    },
  }
}
