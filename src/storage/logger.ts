/** What the storage layer needs of a log. */
export interface StorageLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
