//! The contracts that wallets call and approve, at their addresses on Polygon (PROTOCOL.md §0.2).

use crate::Address;

/// A contract by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contract {
    /// pUSD, ERC-20.
    Collateral,
    /// Outcome tokens of the first protocol, ERC-1155.
    ConditionalTokens,
    /// Positions of the second protocol, ERC-1155.
    PositionManager,
    /// CTF Exchange V2.
    Exchange,
    /// Neg Risk CTF Exchange V2.
    NegRiskExchange,
    /// Exchange V3.
    ExchangeV3,
    /// `CtfCollateralAdapter`.
    Adapter,
    /// `NegRiskCtfCollateralAdapter`.
    NegRiskAdapter,
    /// Router of the second protocol.
    Router,
    /// Plain markets of the second protocol.
    BinaryModule,
    /// Exclusive groups of the second protocol.
    NegRiskModule,
    /// Redeems without being asked; takes approvals only.
    AutoRedeemer,
    /// Another product of the venue; the official client approves it.
    PerpsDeposit,
    /// Makes deposit wallets.
    DepositFactory,
    /// Makes proxy wallets and passes their calls on.
    ProxyFactory,
    /// Passes several calls of a Safe on.
    Multisend,
    /// Takes the calls of proxy wallets.
    RelayHub,
}

impl Contract {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Collateral,
        Self::ConditionalTokens,
        Self::PositionManager,
        Self::Exchange,
        Self::NegRiskExchange,
        Self::ExchangeV3,
        Self::Adapter,
        Self::NegRiskAdapter,
        Self::Router,
        Self::BinaryModule,
        Self::NegRiskModule,
        Self::AutoRedeemer,
        Self::PerpsDeposit,
        Self::DepositFactory,
        Self::ProxyFactory,
        Self::Multisend,
        Self::RelayHub,
    ];

    /// The contract at an address.
    pub fn at(address: Address) -> Option<Self> {
        Self::ALL.into_iter().find(|contract| contract.address() == address)
    }

    /// The one word for it, the same as the ledger's where the ledger knows it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Collateral => "collateral",
            Self::ConditionalTokens => "conditional_tokens",
            Self::PositionManager => "position_manager",
            Self::Exchange => "exchange",
            Self::NegRiskExchange => "neg_risk_exchange",
            Self::ExchangeV3 => "exchange_v3",
            Self::Adapter => "adapter",
            Self::NegRiskAdapter => "neg_risk_adapter",
            Self::Router => "router",
            Self::BinaryModule => "binary_module",
            Self::NegRiskModule => "neg_risk_module",
            Self::AutoRedeemer => "auto_redeemer",
            Self::PerpsDeposit => "perps_deposit",
            Self::DepositFactory => "deposit_factory",
            Self::ProxyFactory => "proxy_factory",
            Self::Multisend => "multisend",
            Self::RelayHub => "relay_hub",
        }
    }

    /// Where it is.
    pub const fn address(self) -> Address {
        Address(match self {
            Self::Collateral => {
                *b"\xc0\x11\xa7\xe1\x2a\x19\xf7\xb1\xf6\x70\xd4\x6f\x03\xb0\x3f\x33\x42\xe8\x2d\xfb"
            }
            Self::ConditionalTokens => {
                *b"\x4d\x97\xdc\xd9\x7e\xc9\x45\xf4\x0c\xf6\x5f\x87\x09\x7a\xce\x5e\xa0\x47\x60\x45"
            }
            Self::PositionManager => {
                *b"\x00\x6f\x54\xf7\xf9\xa2\x2e\x00\x00\xcc\x2a\xb6\x00\x31\x00\x00\x00\xae\x9f\xef"
            }
            Self::Exchange => {
                *b"\xe1\x11\x18\x00\x00\xd2\x66\x3c\x00\x91\xe4\xf4\x00\x23\x75\x45\xb8\x7b\x99\x6b"
            }
            Self::NegRiskExchange => {
                *b"\xe2\x22\x2d\x27\x9d\x74\x40\x50\xd2\x8e\x00\x52\x00\x10\x52\x00\x00\x31\x0f\x59"
            }
            Self::ExchangeV3 => {
                *b"\xe3\x33\x37\x00\xca\x9d\x93\x00\x3f\x00\xf0\xf7\x1f\x85\x15\x00\x5f\x6c\x00\xaa"
            }
            Self::Adapter => {
                *b"\xad\xa1\x00\xdb\x00\xca\x00\x07\x38\x11\x82\x06\x92\x00\x54\x00\x21\x8f\xce\x1f"
            }
            Self::NegRiskAdapter => {
                *b"\xad\xa2\x00\x56\x00\xde\xc9\x49\xba\xf3\x00\xf4\xc6\x12\x00\x00\xbd\xb6\xea\xab"
            }
            Self::Router => {
                *b"\x12\x12\x12\x12\x00\x6e\x4c\xd1\x60\xd1\x8e\x3f\x00\x71\x1d\xa5\xc3\x37\x26\x00"
            }
            Self::BinaryModule => {
                *b"\x10\x00\x00\x8d\xd9\x00\x1b\x96\x84\x42\xc1\x00\x00\x17\xea\xe6\xe0\xda\x00\xba"
            }
            Self::NegRiskModule => {
                *b"\x20\x00\x00\x90\x00\x45\xe3\xb6\x25\x96\x00\x68\x27\x56\x00\x22\x00\x02\x89\x33"
            }
            Self::AutoRedeemer => {
                *b"\xa1\x20\x00\x00\xd0\x00\x22\x64\xc9\xa1\x69\x8e\x00\x12\x92\xd0\x0e\x1b\x00\xaf"
            }
            Self::PerpsDeposit => {
                *b"\xdc\xa4\xaf\x75\x70\x5d\xbb\x50\xf6\x24\x37\x04\x5a\xff\x99\x21\x94\x79\x17\xd2"
            }
            Self::DepositFactory => {
                *b"\x00\x00\x00\x00\x00\x0f\xb5\xc9\xad\xea\x02\x98\xd7\x29\xa0\xcb\x38\x23\xcc\x07"
            }
            Self::ProxyFactory => {
                *b"\xab\x45\xc5\xa4\xb0\xc9\x41\xa2\xf2\x31\xc0\x4c\x3f\x49\x18\x2e\x1a\x25\x40\x52"
            }
            Self::Multisend => {
                *b"\xa2\x38\xcb\xeb\x14\x2c\x10\xef\x7a\xd8\x44\x2c\x6d\x1f\x9e\x89\xe0\x7e\x77\x61"
            }
            Self::RelayHub => {
                *b"\xd2\x16\x15\x3c\x06\xe8\x57\xcd\x7f\x72\x66\x5e\x0a\xf1\xd7\xd8\x21\x72\xf4\x94"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Exchange;

    #[test]
    fn an_address_leads_to_its_contract_and_no_two_share_one() {
        for contract in Contract::ALL {
            assert_eq!(Contract::at(contract.address()), Some(contract));
        }
        assert_eq!(Contract::at(Address([7; 20])), None);
    }

    #[test]
    fn exchanges_are_those_that_orders_are_signed_for() {
        assert_eq!(Contract::Exchange.address(), Exchange::plain().contract);
        assert_eq!(Contract::NegRiskExchange.address(), Exchange::neg_risk().contract);
        assert_eq!(Contract::ExchangeV3.address(), Exchange::v3().contract);
    }
}
