//! The exception tree of razor, and the one mapping from errors of the core into it.
//!
//! Owns: every exception class that Python code of razor may raise or catch by name.
//!
//! Must never: map two errors of the core to one exception without a field that tells them apart,
//! or hand a fact over as text only.
//!
//! Invariants:
//! - the `match` on an error of the core has no wildcard, so a new variant cannot be forgotten;
//! - facts of an error are attributes of the exception, and the text names the remedy.

use std::path::PathBuf;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use razor_core::engine::EngineError;
use razor_core::journal::JournalError as CoreJournalError;
use razor_core::order::Refused;
use razor_core::shadow::calibrate::CalibrationError;
use razor_core::shadow::day14::Day14Error;
use razor_core::units::UnitError;
use razor_io::audit::AuditFault;
use razor_io::capture::CaptureError;
use razor_io::fault::IoFault;
use razor_io::import::ImportError;
use razor_io::journal::JournalFault;
use razor_io::session::SessionFault;
use razor_io::source::SourceFault;
use razor_sign::SignError;

use crate::machine::OrderEvent;

create_exception!(
    razor._core,
    RazorError,
    PyException,
    "Root of every error that razor raises on purpose."
);
create_exception!(
    razor._core,
    SettingsError,
    RazorError,
    "A setting is unknown, has the wrong type or lies outside its range."
);
create_exception!(
    razor._core,
    DecodeError,
    RazorError,
    "Bytes from outside are not what their format says."
);
create_exception!(
    razor._core,
    JournalError,
    RazorError,
    "A journal cannot be read or written as it stands."
);
create_exception!(
    razor._core,
    Corrupt,
    JournalError,
    "Bytes of a journal fail their checksum, their hash chain or their format."
);
create_exception!(
    razor._core,
    Gap,
    JournalError,
    "Sequence numbers of a journal do not follow one another."
);
create_exception!(
    razor._core,
    StorageError,
    RazorError,
    "The disk refuses a file operation; `path` says which file."
);
create_exception!(
    razor._core,
    Cancelled,
    RazorError,
    "The caller stopped a long job; nothing was written."
);
create_exception!(
    razor._core,
    OrderRefused,
    RazorError,
    "The order machine does not take this event or request in its present state."
);
create_exception!(razor._core, RiskRefused, RazorError, "A risk limit forbids the action.");
create_exception!(
    razor._core,
    SignatureError,
    RazorError,
    "A key, an address or a signature is malformed, or by somebody else."
);
create_exception!(
    razor._core,
    ExchangeRefused,
    RazorError,
    "The local exchange said no, in the venue's words."
);
create_exception!(razor._core, VenueError, RazorError, "The venue did not do what was asked.");
create_exception!(
    razor._core,
    Rejected,
    VenueError,
    "The venue answered and said no; asking again unchanged is pointless."
);
create_exception!(
    razor._core,
    Throttled,
    VenueError,
    "The venue asked for fewer requests; wait before the next one."
);
create_exception!(
    razor._core,
    Unreachable,
    VenueError,
    "No answer from the venue; whether it acted is unknown."
);

/// `UnitsError` has two parents, which the macro above cannot say.
static UNITS_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
const UNITS_ERROR_DOC: &str = "A number was refused by a unit; `reason` says which rule, the other \
                               attributes hold its facts or None.";
/// Attributes of `UnitsError` beside `reason`; one that a reason does not use stays `None`.
const UNITS_ERROR_FACTS: [&str; 5] = ["scale", "micros", "tick_micros", "min", "max"];

/// Puts the exception tree into the module.
pub(crate) fn export(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("RazorError", py.get_type::<RazorError>())?;
    module.add("UnitsError", units_error(py)?)?;
    module.add("SettingsError", py.get_type::<SettingsError>())?;
    module.add("DecodeError", py.get_type::<DecodeError>())?;
    module.add("JournalError", py.get_type::<JournalError>())?;
    module.add("Corrupt", py.get_type::<Corrupt>())?;
    module.add("Gap", py.get_type::<Gap>())?;
    module.add("StorageError", py.get_type::<StorageError>())?;
    module.add("Cancelled", py.get_type::<Cancelled>())?;
    module.add("OrderRefused", py.get_type::<OrderRefused>())?;
    module.add("RiskRefused", py.get_type::<RiskRefused>())?;
    module.add("SignatureError", py.get_type::<SignatureError>())?;
    module.add("ExchangeRefused", py.get_type::<ExchangeRefused>())?;
    module.add("VenueError", py.get_type::<VenueError>())?;
    module.add("Rejected", py.get_type::<Rejected>())?;
    module.add("Throttled", py.get_type::<Throttled>())?;
    module.add("Unreachable", py.get_type::<Unreachable>())
}

fn units_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let class = UNITS_ERROR.get_or_try_init(py, || {
        let namespace = PyDict::new(py);
        namespace.set_item("__module__", "razor._core")?;
        namespace.set_item("__doc__", UNITS_ERROR_DOC)?;
        for field in UNITS_ERROR_FACTS {
            namespace.set_item(field, py.None())?;
        }
        let bases = (py.get_type::<RazorError>(), py.get_type::<PyValueError>());
        let class = py.get_type::<PyType>().call1(("UnitsError", bases, namespace))?;
        Ok::<_, PyErr>(class.cast_into::<PyType>()?.unbind())
    })?;
    Ok(class.bind(py))
}

/// An error of the units on its way to Python; exists so that `?` converts it.
#[derive(Debug)]
pub(crate) struct Refusal(UnitError);

impl From<UnitError> for Refusal {
    fn from(error: UnitError) -> Self {
        Self(error)
    }
}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> Self {
        Python::attach(|py| to_exception(py, refusal.0).unwrap_or_else(|failure| failure))
    }
}

fn to_exception(py: Python<'_>, error: UnitError) -> PyResult<PyErr> {
    let exception = units_error(py)?.call1((error.to_string(),))?;
    exception.setattr("reason", reason(error))?;
    match error {
        UnitError::TooFine { scale } => exception.setattr("scale", scale)?,
        UnitError::UnknownTick { micros } => exception.setattr("micros", micros)?,
        UnitError::OffGrid { micros, tick_micros } => {
            exception.setattr("micros", micros)?;
            exception.setattr("tick_micros", tick_micros)?;
        }
        UnitError::EmptyRange { min, max } => {
            exception.setattr("min", min)?;
            exception.setattr("max", max)?;
        }
        UnitError::NotDecimal | UnitError::Overflow | UnitError::Negative | UnitError::AboveOne => {
        }
    }
    Ok(PyErr::from_value(exception))
}

/// The stable word of a refusal, as the stub lists it.
const fn reason(error: UnitError) -> &'static str {
    match error {
        UnitError::NotDecimal => "not_decimal",
        UnitError::TooFine { .. } => "too_fine",
        UnitError::Overflow => "overflow",
        UnitError::Negative => "negative",
        UnitError::AboveOne => "above_one",
        UnitError::OffGrid { .. } => "off_grid",
        UnitError::UnknownTick { .. } => "unknown_tick",
        UnitError::EmptyRange { .. } => "empty_range",
    }
}

/// A step that the order machine refused: which state it stays in, and what came.
pub(crate) fn order_refused(
    py: Python<'_>,
    why: &Refused,
    state: &'static str,
    event: OrderEvent,
) -> PyErr {
    let error = OrderRefused::new_err(why.to_string());
    // An exception without its facts is still the right exception.
    let _ = error.value(py).setattr("state", state);
    let _ = error.value(py).setattr("event", event);
    error
}

/// A command that the local exchange refused, in the venue's words.
pub(crate) fn exchange_refused(why: razor_sim::exchange::Refusal) -> PyErr {
    let error = ExchangeRefused::new_err(why.to_string());
    Python::attach(|py| {
        // An exception without its facts is still the right exception.
        let _ = error.value(py).setattr("status", why.status());
        let _ = error.value(py).setattr("expected_beat", why.expected_beat());
    });
    error
}

/// A text or signature that `razor_sign` does not take; who signed instead, where somebody did.
pub(crate) fn signature_error(refused: SignError) -> PyErr {
    let by = match refused {
        SignError::Foreign { by, .. } => Some(by.to_string()),
        SignError::Hex { .. }
        | SignError::Decimal { .. }
        | SignError::Key
        | SignError::Length { .. }
        | SignError::Malformed
        | SignError::MakerSigner(_)
        | SignError::Wrapped(_)
        | SignError::Type(_)
        | SignError::Secret => None,
    };
    let error = SignatureError::new_err(refused.to_string());
    // An exception without its facts is still the right exception.
    let _ = Python::attach(|py| error.value(py).setattr("signer", by));
    error
}

/// An argument that no caller of razor gives; a defect of the caller, not of the world.
pub(crate) fn bad_argument(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A call on a session or source that has ended.
pub(crate) fn closed() -> PyErr {
    PyValueError::new_err("this session or source has been closed")
}

/// Any fault of the shell on its way to Python: which exception, its sentence, its file.
#[derive(Debug)]
pub(crate) struct Fault {
    family: Family,
    text: String,
    path: Option<PathBuf>,
    /// Process that holds the lock of the file, where that is the fault; 0 is unknown.
    holder: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Family {
    Storage,
    Journal,
    Corrupt,
    Decode,
    Settings,
    Cancelled,
}

impl Fault {
    fn new(family: Family, error: &impl std::fmt::Display) -> Self {
        Self { family, text: error.to_string(), path: None, holder: None }
    }
}

impl From<IoFault> for Fault {
    fn from(fault: IoFault) -> Self {
        let path = Some(fault.path().to_path_buf());
        let holder = if let IoFault::Locked { pid, .. } = fault { Some(pid) } else { None };
        Self { path, holder, ..Self::new(Family::Storage, &fault) }
    }
}

impl From<JournalFault> for Fault {
    fn from(fault: JournalFault) -> Self {
        match fault {
            JournalFault::Io(fault) => fault.into(),
            JournalFault::Format(CoreJournalError::Corrupt(_)) => {
                Self::new(Family::Corrupt, &fault)
            }
            JournalFault::Format(_)
            | JournalFault::Closed
            | JournalFault::OtherRun
            | JournalFault::Overloaded { .. }
            | JournalFault::SlowSync { .. }
            | JournalFault::UnknownConn { .. }
            | JournalFault::OwnKind { .. }
            | JournalFault::Setting { .. }
            | JournalFault::WriterGone => Self::new(Family::Journal, &fault),
        }
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let family = match error {
            EngineError::Order { .. } => Family::Journal,
            EngineError::Params(_) => Family::Settings,
        };
        Self::new(family, &error)
    }
}

impl From<CaptureError> for Fault {
    fn from(error: CaptureError) -> Self {
        let family = match error {
            CaptureError::Io { .. } => Family::Storage,
            CaptureError::Line { .. }
            | CaptureError::Truncated { .. }
            | CaptureError::Damaged { .. }
            | CaptureError::LineTooLong { .. }
            | CaptureError::Bomb { .. }
            | CaptureError::NotStorable { .. }
            | CaptureError::Schema { .. }
            | CaptureError::Manifest { .. } => Family::Decode,
        };
        Self::new(family, &error)
    }
}

impl From<ImportError> for Fault {
    fn from(error: ImportError) -> Self {
        let family = match error {
            ImportError::Capture(error) => return error.into(),
            ImportError::Io { .. } | ImportError::Missing { .. } => Family::Storage,
            ImportError::Cancelled => Family::Cancelled,
            ImportError::UnknownFormat { .. }
            | ImportError::Header { .. }
            | ImportError::Row { .. }
            | ImportError::LineTooLong { .. }
            | ImportError::Bomb { .. }
            | ImportError::Parquet { .. }
            | ImportError::Price { .. }
            | ImportError::TooMany { .. } => Family::Decode,
        };
        Self::new(family, &error)
    }
}

impl From<SourceFault> for Fault {
    fn from(fault: SourceFault) -> Self {
        match fault {
            SourceFault::Capture(error) => error.into(),
            SourceFault::Journal(fault) => fault.into(),
        }
    }
}

impl From<SessionFault> for Fault {
    fn from(fault: SessionFault) -> Self {
        match fault {
            SessionFault::Journal(fault) => fault.into(),
            SessionFault::Io(fault) => fault.into(),
            SessionFault::Engine(error) => error.into(),
            SessionFault::Source(fault) => fault.into(),
        }
    }
}

impl From<AuditFault> for Fault {
    fn from(fault: AuditFault) -> Self {
        match fault {
            AuditFault::Journal(fault) => fault.into(),
            AuditFault::Io(fault) => fault.into(),
            AuditFault::Engine(error) => error.into(),
            AuditFault::Stopped { .. } => Self::new(Family::Cancelled, &fault),
        }
    }
}

impl From<Day14Error> for Fault {
    fn from(error: Day14Error) -> Self {
        Self::new(Family::Decode, &error)
    }
}

impl From<CalibrationError> for Fault {
    fn from(error: CalibrationError) -> Self {
        let family = match error {
            CalibrationError::Log { .. } => Family::Decode,
            // The user named runs that do not go together.
            CalibrationError::TwoModes { .. }
            | CalibrationError::RunTwice { .. }
            | CalibrationError::TooMany => Family::Settings,
        };
        Self::new(family, &error)
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        let Fault { family, text, path, holder } = fault;
        let error = match family {
            Family::Storage => StorageError::new_err(text),
            Family::Journal => JournalError::new_err(text),
            Family::Corrupt => Corrupt::new_err(text),
            Family::Decode => DecodeError::new_err(text),
            Family::Settings => SettingsError::new_err(text),
            Family::Cancelled => Cancelled::new_err(text),
        };
        Python::attach(|py| {
            let path = path.map(|path| path.display().to_string());
            // An exception without its path is still the right exception.
            let _ = error.value(py).setattr("path", path);
            let _ = error.value(py).setattr("holder", holder);
        });
        error
    }
}
