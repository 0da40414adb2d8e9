/** What an id of the queue looks like; another text is none, and is not asked for. */
export const isDeliveryId = (text: string): boolean => /^[\da-z]{1,60}$/.test(text)
