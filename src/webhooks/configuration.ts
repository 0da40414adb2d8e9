/** Webhooks as a configuration file describes them: by their addresses. */
import { AppError } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import type { Webhook } from './webhook.ts'
import type { Webhooks } from './webhooks.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a configuration does with webhooks. */
export function createWebhookConfiguration(
  webhooks: Pick<Webhooks, 'complete' | 'list' | 'create' | 'update' | 'remove'>,
) {
  /** The one with an address. @throws AppError webhook_not_found (404) */
  async function named(url: string): Promise<Webhook> {
    const [found, another] = (await webhooks.list()).filter((each) => each.url === url)
    if (found === undefined || another !== undefined)
      throw new AppError('webhook_not_found', 404, message('admin.webhooks.error.not_found'))
    return found
  }
  return {
    /** @throws ValidationError (422) with every problem at once */
    complete: (entry: Fields): Fields => ({ ...webhooks.complete(entry) }),
    /** Without secrets. */
    async list(): Promise<Fields[]> {
      const all = await webhooks.list()
      const count = (url: string) => all.filter((each) => each.url === url).length
      return all.map(({ url, events, description, disabled }) => ({
        ...{ url, events, description, disabled },
        ...(count(url) > 1 && { twice: true }),
      }))
    },
    /** @returns the secret that signs too, the only time that it is shown */
    add: (entry: Fields) => webhooks.create(entry),
    async update(url: string, changes: Fields): Promise<Webhook> {
      const { id, version } = await named(url)
      return webhooks.update(id, changes, { ifVersion: version })
    },
    async remove(url: string): Promise<void> {
      const { id, version } = await named(url)
      await webhooks.remove(id, { ifVersion: version })
    },
  }
}
