//! Seeded market-channel messages that look like the venue's: 77-digit token ids, 40-hex hashes,
//! `0x` condition ids of 64 digits, prices on the cent grid, 1 to 6 changes, now and then a book.

/// A generator whose whole state is one seed.
pub(crate) struct Venue {
    state: u64,
    tokens: Vec<(String, String, String)>,
    now_ms: u64,
}

impl Venue {
    /// A venue of `markets` markets.
    pub(crate) fn new(seed: u64, markets: usize) -> Self {
        let mut venue = Self { state: seed, tokens: Vec::new(), now_ms: 1_777_428_645_000 };
        for _ in 0..markets {
            let condition = venue.hex(64);
            let (yes, no) = (venue.digits(77), venue.digits(77));
            venue.tokens.push((condition, yes, no));
        }
        venue
    }

    /// A pseudo-random number (splitmix64).
    pub(crate) fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.random() % end
    }

    fn hex(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize])).collect()
    }

    fn digits(&mut self, len: usize) -> String {
        (0..len)
            .map(|place| char::from(b'0' + (self.below(9) as u8) + u8::from(place == 0)))
            .collect()
    }

    /// The next message: 96 % `price_change`, 4 % `book`.
    pub(crate) fn message(&mut self) -> String {
        self.now_ms += self.below(3);
        let at = self.below(self.tokens.len() as u64) as usize;
        if self.below(25) == 0 { self.book(at) } else { self.change(at) }
    }

    fn change(&mut self, at: usize) -> String {
        let (condition, yes, no) = self.tokens[at].clone();
        let mut levels = Vec::new();
        // One order moves a level of each outcome; most orders come alone.
        let orders = [1, 1, 1, 1, 2, 1, 1, 1][self.below(8) as usize];
        for _ in 0..orders {
            let cents = 1 + self.below(98);
            let size = format!("{}.{:02}", self.below(5000), self.below(100));
            for (token, cents, side) in [(&yes, cents, "BUY"), (&no, 100 - cents, "SELL")] {
                let hash = self.hex(40);
                levels.push(format!(
                    r#"{{"asset_id":"{token}","price":"0.{cents:02}","size":"{size}","side":"{side}","hash":"{hash}","best_bid":"0.{:02}","best_ask":"0.{:02}"}}"#,
                    cents.saturating_sub(1), cents + 1,
                ));
            }
        }
        format!(
            r#"{{"market":"0x{condition}","price_changes":[{}],"timestamp":"{}","event_type":"price_change"}}"#,
            levels.join(","),
            self.now_ms,
        )
    }

    fn book(&mut self, at: usize) -> String {
        let (condition, yes, _) = self.tokens[at].clone();
        let mut side = |from: u64| {
            let rows: Vec<String> = (0..30)
                .map(|step| {
                    format!(
                        r#"{{"price":"0.{:02}","size":"{}.{:02}"}}"#,
                        from + step,
                        self.below(9000),
                        self.below(100)
                    )
                })
                .collect();
            rows.join(",")
        };
        let (bids, asks) = (side(10), side(50));
        let hash = self.hex(40);
        format!(
            r#"[{{"market":"0x{condition}","asset_id":"{yes}","timestamp":"{}","hash":"{hash}","bids":[{bids}],"asks":[{asks}],"event_type":"book","tick_size":"0.01","last_trade_price":"0.50"}}]"#,
            self.now_ms,
        )
    }
}
