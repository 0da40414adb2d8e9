/** A Map of at most so many entries: what is set is the newest, and beyond the bound the oldest goes. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #most: number

  /** @param most entries, at least 1 */
  constructor(most: number) {
    super()
    this.#most = most
  }

  override set(key: Key, value: Value): this {
    this.delete(key)
    super.set(key, value)
    const oldest = this.size > this.#most ? this.keys().next() : undefined
    if (oldest !== undefined && !oldest.done) this.delete(oldest.value)
    return this
  }
}
