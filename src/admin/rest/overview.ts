import { z } from 'zod'
import { figuresByDay } from '../figures.ts'
import type { RestContext } from './context.ts'
import { operation } from './operation.ts'

const readOverview = operation({
  id: 'readOverview',
  area: 'overview',
  needs: 'overview.read',
  summary: 'Figures of the last thirty days',
  description: 'By day in UTC, the oldest first; the last one is today, so far.',
  safe: true,
  answers: [
    200,
    'The figures, and what an installation still lacks.',
    z
      .object({
        days: z.array(
          z.object({
            day: z.string().meta({ format: 'date', examples: ['2026-11-25'] }),
            sign_ins: z.int(),
            failed_sign_ins: z.int(),
            lockouts: z.int(),
            active_clients: z.int().meta({ description: 'Clients that got tokens.' }),
          }),
        ),
        people: z.int().meta({ description: 'Accounts that can sign in.' }),
        people_with_second_factor: z.int(),
        people_with_passkey: z.int(),
        has_clients: z.boolean(),
        sends_mail: z.boolean().meta({ description: 'False: messages are written to files.' }),
        public_issuer: z.boolean().meta({ description: 'False: the issuer is on this machine only.' }),
      })
      .meta({ id: 'Overview' }),
  ],
})

/** `/overview` */
export function overviewRoutes({ app, deps }: RestContext): void {
  app.get('/overview', { ...readOverview, ...deps.limit('admin') }, async () => {
    const [days, shares, { clients, mail, publicIssuer }] = await Promise.all([
      figuresByDay(deps.figures, deps.clock()),
      deps.figures.secondFactorShares(),
      deps.figures.firstSteps(),
    ])
    return {
      days,
      people: shares.people,
      people_with_second_factor: shares.withSecondFactor,
      people_with_passkey: shares.withPasskey,
      has_clients: clients > 0,
      sends_mail: mail,
      public_issuer: publicIssuer,
    }
  })
}
