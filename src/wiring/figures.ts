import type { FiguresDependencies } from '../admin/figures.ts'
import { createAuditCounts } from '../audit/counts-store.ts'
import type { Services } from '../services.ts'

/** What console and REST show at a glance. */
export const figuresOf = ({ clients, config, db, usage }: Services): FiguresDependencies => ({
  countsByDay: createAuditCounts(db).byDay,
  people: createAuditCounts(db).people,
  activeClients: usage.activeClients,
  firstSteps: async () => ({
    clients: (await clients.list({ limit: 1 })).items.length,
    mail: config.smtpUrl !== undefined,
    publicIssuer: config.issuer.startsWith('https:'),
  }),
})
