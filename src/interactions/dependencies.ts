import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../accounts/account.ts'
import type { SignInForm } from '../accounts/pages/sign-in-form.ts'
import type { PasskeySignInForm } from '../factors/pages/passkey-sign-in.ts'
import type { VerifyForm } from '../factors/pages/verify-form.ts'
import type { Http } from '../http/http.ts'
import type { ProviderButton } from '../http/pages/pages.ts'
import type { InteractionDetails, Interactions } from '../oidc/authorization/interaction.ts'
import type { ConsentPage, DeviceConfirmPage } from './consent.ts'

/** The provider of an organization. */
export interface OrganizationProvider {
  provider: string
  name: string
  kind: string
  organization: string
}

/** What the pages of an interaction need: how it goes on is the protocol's, who a person is, the accounts'. */
export interface InteractionDependencies {
  interactions: Interactions
  signInForm: SignInForm
  passkeyForm: Pick<PasskeySignInForm, 'offer' | 'submit'>
  http: Pick<Http, 'limit' | 'forms' | 'sealed'>
  /** Whether the issuer is https. */
  secure: boolean
  /** Read at each request. */
  readonly registration: 'open' | 'closed'
  /** @param uid of the interaction @param again the person is signed in, and has to prove themselves once more */
  providers(uid: string, again: boolean): Promise<ProviderButton[]>
  /** Organizations that have providers of their own. */
  organizations: {
    exist(): boolean
    /** Where an address signs in. @param hint as the client said it */
    ofHint(hint: string): Promise<OrganizationProvider | undefined>
    /** @param named as the request names it */
    ofOrganization(named: string): Promise<OrganizationProvider | undefined>
  }
  /** The button of a provider. @param uid of the interaction */
  providerButton(to: OrganizationProvider, uid: string): ProviderButton
  /** What a sign-in at a provider came back with, from the query of the page. */
  upstreamProblem(query: unknown): Promise<string | undefined>
  verifyForm: VerifyForm
  /** Where a person sets up the second factor that they need and do not have. @param needs.passkey nothing else is enough */
  setUpPath(returnTo: string, needs: { passkey: boolean }): string
  /** The account that is signed in in a browser; undefined: none counts. */
  signedInAs(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined>
  findAccount(
    id: string,
  ): Promise<
    Pick<Account, 'id' | 'displayUsername' | 'email' | 'generation' | 'role' | 'secondFactors'> | undefined
  >
  /** Whom people ask for access to an app; empty: nobody is named. Read at each request. */
  readonly accessContact: string
  /** What is asked for, in words. */
  describeAccess(details: InteractionDetails): Promise<ConsentPage['access']>
  /** A device that asks, in words. */
  describeDevice(device: NonNullable<InteractionDetails['device']>): DeviceConfirmPage['device']
}

export interface InteractionRoute {
  Params: { uid: string }
  Querystring: { as?: string }
}
export type InteractionRequest = FastifyRequest<InteractionRoute>
