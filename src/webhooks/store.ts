import type { Transaction } from '../shared/delivery.ts'
import { columnsOf } from '../storage/columns.ts'
import type { Database } from '../storage/database.ts'
import { asStorageError } from '../storage/unavailable.ts'

/** A webhook as it is stored. */
export interface WebhookRow {
  id: string
  url: string
  description: string
  /** Separated by spaces. */
  events: string
  secret: string
  formerSecret: string
  formerUntil: Date | null
  position: number
  failingSince: Date | null
  disabledAt: Date | null
  disabledFor: string
  version: number
  createdAt: Date
}

/** Of an active webhook: what it wants, and how far its events are in the queue. */
export interface Listening {
  id: string
  events: string
  position: number
}

export interface WebhookStore {
  insert(row: WebhookRow): Promise<void>
  find(id: string): Promise<WebhookRow | undefined>
  /** Oldest first: there are fifty at most. */
  list(): Promise<WebhookRow[]>
  /** Changes the row if it has this version still, and raises it. */
  update(id: string, version: number, changes: Partial<WebhookRow>): Promise<WebhookRow | undefined>
  /** @param version the one that is meant; undefined: any */
  remove(id: string, version?: number): Promise<boolean>
  /** The active ones. A prepared read, which loads nothing. */
  listening(): Promise<Listening[]>
  /**
   * Moves a webhook on and adds what it is to be sent, both or neither.
   * @returns false: another process was faster, or it is disabled by now; nothing was done
   */
  advance(id: string, from: number, to: number, add: (tx: Transaction) => Promise<void>): Promise<boolean>
  /** Every try fails from now on, as far as is known. */
  markFailing(id: string, since: Date): Promise<void>
  markWorking(id: string): Promise<void>
  /** Disables an active one that has failed since that moment and has not worked since. True: this call has done it. */
  disableFailing(id: string, since: Date, at: Date): Promise<boolean>
}

const webhookColumns = columnsOf<WebhookRow>({
  id: 'plain',
  url: 'plain',
  description: 'plain',
  events: 'plain',
  secret: 'plain',
  formerSecret: 'plain',
  formerUntil: 'time',
  position: 'plain',
  failingSince: 'time',
  disabledAt: 'time',
  disabledFor: 'plain',
  version: 'plain',
  createdAt: 'time',
})

export function createWebhookStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): WebhookStore {
  return {
    async insert(row) {
      await prisma.webhook.create({ data: row })
    },
    find: (id) => webhookColumns.get(reads, 'FROM webhooks WHERE id = ?', [id]),
    list: () => webhookColumns.all(reads, 'FROM webhooks ORDER BY created_at, id'),

    async update(id, version, changes) {
      const data = { ...changes, version: version + 1 }
      const [row] = await prisma.webhook.updateManyAndReturn({ where: { id, version }, data })
      return row
    },

    async remove(id, version) {
      const where = { id, ...(version !== undefined && { version }) }
      return (await prisma.webhook.deleteMany({ where })).count === 1
    },

    listening: () =>
      reads.all<Listening>('SELECT id, events, position FROM webhooks WHERE disabled_at IS NULL'),

    async advance(id, from, to, add) {
      try {
        return await prisma.$transaction(async (tx) => {
          const where = { id, position: from, disabledAt: null }
          const { count } = await tx.webhook.updateMany({ where, data: { position: to } })
          if (count === 1) await add(tx)
          return count === 1
        })
      } catch (error) {
        throw asStorageError(error)
      }
    },

    async markFailing(id, since) {
      await prisma.webhook.updateMany({ where: { id, failingSince: null }, data: { failingSince: since } })
    },
    async markWorking(id) {
      await prisma.webhook.updateMany({ where: { id }, data: { failingSince: null } })
    },
    async disableFailing(id, since, at) {
      const where = { id, disabledAt: null, failingSince: since }
      const { count } = await prisma.webhook.updateMany({
        where,
        data: { disabledAt: at, disabledFor: 'failing' },
      })
      return count === 1
    },
  }
}
