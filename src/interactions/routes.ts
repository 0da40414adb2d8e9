import type { FastifyInstance } from 'fastify'
import { t } from '../shared/locales/texts.ts'
import { consentRoute } from './consent.ts'
import { showDenied } from './denied.ts'
import type { InteractionDependencies, InteractionRoute } from './dependencies.ts'
import { showNoAccess } from './no-access.ts'
import { organizationRoute } from './organization.ts'
import { createEndings } from './over.ts'
import { secondFactorRoute } from './second-factor.ts'
import { selectAccountRoute } from './select-account.ts'
import { anotherAlert, asAnother, isAnother, signInRoute } from './sign-in.ts'

/** Where a code is entered, with what is wrong with the last one. */
const EXPIRED = '/device?problem=expired'

/**
 * The pages of an interaction: an authorization request that waits for a person. How it goes on belongs to the protocol
 * (Interactions), who a person is to accounts (SignInForm). Here they meet.
 *
 *   GET  /interaction/:uid           sign-in, choice of an account or organization, consent, or that the app is not for this person
 *   POST /interaction/:uid/sign-in   ► it goes on (303)
 *   POST /interaction/:uid/passkey   ► the same
 *   POST /interaction/:uid/verify    ► it goes on, verified by a second factor (303)
 *   GET  /interaction/:uid/recovery-codes  how many are left behind one that was used; it goes on where they are not few
 *   POST /interaction/:uid/consent   ► it goes on (303)
 *   POST /interaction/:uid/select    ► it goes on with the account that is signed in (303)
 *   POST /interaction/:uid/organization ► it goes on for one of the person's organizations (303)
 *   POST /interaction/:uid/cancel    ► the app gets access_denied; of a device, its code is free again (303)
 *   POST /interaction/:uid/switch    ► sign-in with another account (303)
 */
export async function interactionRoutes(app: FastifyInstance, deps: InteractionDependencies): Promise<void> {
  const { interactions } = deps
  await deps.http.forms(app)
  const endings = createEndings(deps)
  const { nextPage, unlessOver, goOn } = endings
  const showSignIn = signInRoute(app, deps, endings)
  const showConsent = consentRoute(app, deps, endings)
  const showSelection = selectAccountRoute(app, deps, endings)
  const showOrganizations = organizationRoute(app, deps, endings)
  const showSecondFactor = secondFactorRoute(app, deps, endings)

  app.get<InteractionRoute>(
    '/interaction/:uid',
    unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      const { uid, client, accountId, homeUrl: home, restartUrl: restart } = details
      if (details.device?.expired) return reply.redirect(EXPIRED, 303)
      const remembered = { app: client.name, home, restart, device: details.device !== undefined }
      nextPage.remember(reply, uid, { ...remembered, done: false })
      const again = restartedForm(nextPage.takeRestarted(request, reply))
      if (asAnother(request)) return showSignIn(request, reply, details)
      if (details.prompt === 'mfa' && accountId !== undefined) {
        const location = await interactions.verifiedSince(request, reply, details)
        return location ? reply.redirect(location, 303) : showSecondFactor(request, reply, details)
      }
      if (details.prompt === 'organization' && accountId !== undefined)
        return showOrganizations(request, reply, details, accountId)
      if (details.prompt === 'access' && accountId !== undefined) {
        const location = await interactions.admittedSince(request, reply, details)
        return location ? reply.redirect(location, 303) : showNoAccess(reply, deps, details, accountId)
      }
      if (details.prompt === 'hook' && accountId !== undefined)
        return showDenied(reply, deps, details, accountId)
      if (details.prompt === 'consent' && accountId !== undefined)
        return showConsent(reply, details, accountId)
      const answer = await interactions.answeredBy(request, reply, details)
      if (answer && isAnother(details, answer.accountId))
        return showSignIn(request, reply, details, { alert: anotherAlert(details) })
      if (answer) {
        const location = await interactions.signIn(request, reply, answer)
        nextPage.remember(reply, uid, { ...remembered, done: true })
        return reply.redirect(location, 303)
      }
      const alert = await deps.upstreamProblem(request.query)
      if (details.prompt === 'select_account' && accountId !== undefined && !isAnother(details, accountId))
        return showSelection(request, reply, details, accountId)
      return showSignIn(request, reply, details, { alert, ...again })
    }),
  )

  app.post<InteractionRoute>(
    '/interaction/:uid/cancel',
    unlessOver(
      async (request, reply) =>
        goOn(request, reply, await interactions.cancel(request, reply), { cancelled: true }),
      () => true,
    ),
  )

  app.post<InteractionRoute>(
    '/interaction/:uid/switch',
    unlessOver(async (request, reply) => {
      const { uid } = await interactions.details(request, reply)
      return reply.redirect(`/interaction/${uid}?as=another`, 303)
    }),
  )
}

/** The sign-in page of an authorization request that was made once more. */
const restartedForm = (restarted: { identifier?: string | undefined } | undefined) =>
  restarted && {
    notice: t('signIn.restarted'),
    ...(restarted.identifier && { values: { identifier: restarted.identifier } }),
  }
